/** The console: one person in a project's room, with one file open. */

import { Room, ticketFrom } from "./collab.js";
import { OpenFile } from "./open-file.js";

const API = "/api/v1";
const MAX_EVENTS = 200; // lines of the list
const WORDS = { open: "live", waiting: "lost", closed: "not connected" }; // of the room's states
const COLOURS = 6; // classes c0 to c5 of the style sheet
const KINDS = ["user-joined", "user-left", "file-change", "job-updated", "project-updated",
  "member-updated", "resync-required", "reconnect", "error"]; // prettier-ignore

const $ = (id) => document.getElementById(id);
const text = $("text");
const jobs = new Map();
let room;
let token;
let project;
let open; // the file in the editor

/** Return a new element; what is not an element becomes text, never markup. */
function element(name, attributes, ...children) {
  const made = Object.assign(document.createElement(name), attributes);
  made.append(...children);
  return made;
}

async function call(method, path, body) {
  const headers = { Authorization: `Bearer ${token}` };
  if (body) headers["Content-Type"] = "application/json";
  const answer = await fetch(API + path, { method, headers, body: body && JSON.stringify(body) });
  const found = await answer.json();
  if (!answer.ok) throw new Error(found.detail ?? found.title);
  return found;
}

function join(event) {
  event.preventDefault();
  token = $("token").value.trim();
  $("refusal").textContent = "";
  project = $("project").value.trim();
  room = new Room({ ticket: ticketFrom({ api: API, project, token }) });
  showState(room);
  room.on("state", showState);
  room.on("people", showPeople);
  room.on("welcome", ({ project: { name } }) => ($("title").textContent = name));
  room.on("welcome", ({ log }) => log.resumed || load()); // or what was missed comes now
  room.on("job-updated", showJob);
  room.on("file-change", (change) => change.file_id === open?.id && open.changed(change));
  room.on("project-updated", ({ file }) => file && listFiles());
  for (const kind of KINDS) room.on(kind, (data) => note(kind, data));
}

function showState({ state, code, reason, after }) {
  const when = after === undefined ? "" : `, back in ${(after / 1000).toFixed(1)} s`;
  const why = state === "waiting" ? ` (${[code, reason].filter(Boolean).join(": ")})` : "";
  $("state").dataset.state = state;
  $("state").textContent = (WORDS[state] ?? state) + why + when;
  $("door").hidden = state !== "closed";
  $("leave").hidden = state === "closed";
  if (state === "open") $("room").hidden = false;
  if (state === "closed") close(code === 1000 ? "" : reason);
}

function showPeople(people) {
  const rows = [...people.values()].sort((a, b) => a.user.name.localeCompare(b.user.name));
  $("people").replaceChildren(...rows.map(person));
  const edits = room.role !== "viewer";
  text.readOnly = !edits;
  $("export").disabled = !edits;
}

function person({ user, role, cursor }) {
  const colour = parseInt(user.id.slice(-4), 16) % COLOURS;
  const face = element("span", { className: `face c${colour}` }, user.name[0]);
  face.setAttribute("aria-hidden", "true");
  const me = user.id === room.me.id ? " (you)" : "";
  const where = cursor?.file_id === open?.id && cursor?.head >= 0 ? `, ${place(cursor)}` : "";
  const [name, rest] = [element("span", {}, user.name + me), element("small", {}, role + where)];
  return element("li", {}, face, name, rest);
}

function place({ anchor, head }) {
  const lines = text.value.slice(0, head).split("\n");
  const chosen = Math.abs(head - anchor);
  return `line ${lines.length}:${lines.at(-1).length + 1}` + (chosen ? `, ${chosen} chosen` : "");
}

async function load() {
  await listFiles();
  if ($("file").value) await show($("file").value);
  const { items } = await call("GET", `/projects/${project}/jobs?limit=5`);
  for (const job of items.reverse()) showJob({ ...job, job_id: job.id });
}

async function listFiles() {
  const { items } = await call("GET", `/projects/${project}/files?limit=200`);
  const chosen = $("file").value;
  $("file").replaceChildren(...items.map(({ id, path }) => element("option", { value: id }, path)));
  if (items.some(({ id }) => id === chosen)) $("file").value = chosen;
}

async function show(id) {
  open?.leave();
  open = new OpenFile(room, text, () => call("GET", `/files/${id}`), (said) => {
    $("saved").textContent = said;
  });
  await open.read();
}

function showJob({ job_id, kind, state, progress, progress_message, error }) {
  if (!jobs.has(job_id)) {
    jobs.set(job_id, element("li"));
    $("jobs").prepend(jobs.get(job_id));
  }
  const bar = element("progress", { max: 100, value: progress });
  bar.setAttribute("aria-label", `${kind}, ${progress} %`);
  const said = error ?? progress_message;
  jobs.get(job_id).replaceChildren(`${kind}: ${state}`, bar, element("small", {}, said));
}

function note(kind, data) {
  const time = element("time", {}, new Date().toLocaleTimeString());
  const { user, author, user_id, ...rest } = data;
  const who = user?.name ?? author?.name ?? room.people.get(user_id)?.user.name ?? "";
  const steps = (rest.delta ?? []).map((step) =>
    step.insert ? `+${JSON.stringify(step.insert)}` : step.delete && `−${step.delete}`,
  );
  const told = rest.state ?? rest.role ?? rest.path ?? rest.name ?? rest.reason;
  const line = [kind, who, told, ...steps];
  $("events").prepend(element("li", {}, time, line.filter(Boolean).join(" ")));
  if ($("events").children.length > MAX_EVENTS) $("events").lastChild.remove();
}

function close(why) {
  $("refusal").textContent = why;
  $("room").hidden = true;
  open?.leave();
  jobs.clear();
  for (const id of ["jobs", "events", "people"]) $(id).replaceChildren();
  text.value = "";
  open = undefined;
}

function tellCursor() {
  if (!open || document.activeElement !== text) return;
  room.cursor({ file_id: open.id, anchor: text.selectionStart, head: text.selectionEnd });
}

$("door").addEventListener("submit", join);
$("leave").addEventListener("click", () => room.close());
$("file").addEventListener("change", () => show($("file").value));
$("export").addEventListener("click", () => {
  const job = { kind: "project.export", payload: {} };
  const told = ({ message }) => note(`refused: ${message}`, {});
  call("POST", `/projects/${project}/jobs`, job).catch(told);
});
text.addEventListener("input", () => open?.typed());
document.addEventListener("selectionchange", tellCursor);
