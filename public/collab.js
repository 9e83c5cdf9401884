/**
 * A client of the rooms: connects with a fresh ticket, stays connected, knows who is there.
 *
 * - Persistent events (file-change, member-updated, project-updated, a job's change of state) reach
 *   listeners in order and once, over any number of connections, or `resync-required` says that the
 *   state has to be read over REST again. Cursors and progress are latest-wins.
 * - A file-change is handed to a socket once at most, so it is never made twice. Without a
 *   connection it waits for one. If the connection or the time ends before the answer comes, or
 *   the host fails, its promise rejects with a RoomError whose `sent` is true: it may have been
 *   made, and reading the file again tells. With `sent` false it was not made, and never will be.
 * - ping and cursor-update, which do no harm twice, are sent again after a reconnection.
 * - An edit acknowledged here is not told here once more as a file-change.
 *
 * For browsers and Node 22 or later; in Node 20, pass a WebSocket class.
 * @typedef {"viewer" | "collaborator" | "owner"} Role
 * @typedef {"connecting" | "open" | "waiting" | "closed"} State
 * @typedef {"unanswered" | "timeout" | "closed" | "too-many" | "refused" | "no-ticket"} Code
 * @typedef {{ id: string, name: string }} Person
 * @typedef {{ file_id?: string | null, anchor?: number | null, head?: number | null }} Cursor
 * @typedef {{ user: Person, role: Role, cursor: Cursor | null }} Present
 * @typedef {{ retain?: number, insert?: string, delete?: number }} Step
 * @typedef {{ file_id: string, seq: number, delta: Step[] }} Edit
 * @typedef {{ type: string, title: string, status: number, detail?: string }} Problem
 * @typedef {{ job_id: string, project_id: string, kind: string, state: string, attempt: number,
 *   max_attempts: number, progress: number, progress_message: string, error: string | null,
 *   cancel_requested_at: string | null }} Job
 * @typedef {{ job_id: string, project_id: string, attempt: number,
 *   lines: { id: string, at: string, message: string }[] }} JobLog
 * @typedef {{ connection_id: string, user: Person, role: Role, people: Omit<Present, "cursor">[],
 *   project: { id: string, name: string }, limits: Record<string, number>,
 *   log: { epoch: string, seq: number, resumed: boolean | null } }} Welcome
 */

/**
 * What listeners are told. `state`: code and reason say how the last connection ended, `after` in
 * how many milliseconds the next is tried. `people`: everyone here now, by their id.
 * @typedef {{ state: { state: State, code?: number, reason?: string, after?: number },
 *   welcome: Welcome, people: Map<string, Present>, "user-joined": { user: Person, role: Role },
 *   "user-left": { user: Person }, "cursor-update": { user: Person } & Cursor,
 *   "file-change": Edit & { author: Person }, "job-updated": Job, "job-log": JobLog,
 *   "project-updated": { project_id: string } & Record<string, unknown>,
 *   "member-updated": { user_id: string, role: Role | null }, reconnect: { after_ms: number },
 *   "resync-required": { reason: string }, error: Problem }} RoomEvents
 */

const ANSWER_WITHIN = 10_000; // milliseconds for an ack, unless the options say otherwise
const WELCOME_WITHIN = 15_000; // milliseconds for ticket and handshake
const PONG_WITHIN = 8_000; // milliseconds after which a silent connection is given up
const CURSOR_EVERY = 50; // milliseconds between two cursors
const BACKOFF = 500; // milliseconds, doubled by every failure; a random part of it is waited
const BACKOFF_MAX = 30_000; // milliseconds
const RESTART_SPREAD = 5_000; // milliseconds, when a restarting host has told no delay
const STABLE_AFTER = 10_000; // milliseconds after which a connection was no failure
const MAX_WAITING = 50; // messages without an answer; half of what a host takes at once
const FINAL = [401, 403, 404]; // answers to the request for a ticket that asking again won't change
const REPEATABLE = ["ping", "cursor-update"];
const [LEFT, LOST, RESTART] = [1000, 1006, 1012];

/** Something was not done, or (`sent`) may not have been; a `problem` says why it was refused. */
export class RoomError extends Error {
  /** @param {string} message @param {Code} code
   *  @param {{ sent?: boolean, final?: boolean, problem?: Problem }} [more] */
  constructor(message, code, { sent = false, final = false, problem } = {}) {
    super(message);
    this.name = "RoomError";
    this.code = code;
    this.sent = sent;
    this.final = final;
    this.problem = problem;
  }
}

/** Return what gets tickets over REST, for the option of that name. `token` is an access token, or
 *  what returns one that is still good, so that the room outlives it.
 *  @param {{ api: string, project: string, token: string | (() => string | Promise<string>) }} of
 */
export function ticketFrom({ api, project, token }) {
  return async () => {
    const bearer = typeof token === "string" ? token : await token();
    const request = { method: "POST", headers: { Authorization: `Bearer ${bearer}` } };
    const answer = await fetch(`${api}/projects/${project}/ticket`, request);
    const body = await answer.json();
    if (answer.ok) return /** @type {string} */ (body.url);
    const final = FINAL.includes(answer.status);
    throw new RoomError(body.detail ?? body.title, "no-ticket", { final, problem: body });
  };
}

/** A room that one is in, or on the way (back) to, until `close` or a refusal that is final. */
export class Room extends EventTarget {
  /** @type {State} */ state = "connecting";
  /** @type {Person | null} */ me = null;
  /** @type {Role | null} */ role = null;
  /** @type {Map<string, Present>} */ people = new Map();
  /** @type {any} */ #socket = null;
  /** @type {Record<string, any>} */ #timers = {};
  /** @type {Map<string, any>} */ #waiting = new Map(); // what has no answer yet, by its id
  /** @type {Cursor | null} */ #cursor = null;
  /** @type {Cursor | null} */ #shown = null;
  /** @type {string | null} */ #epoch = null;
  /** @type {number | null} */ #after = null; // what `reconnect` told
  #code = LOST; // how the last connection ended
  #options;
  #seq = 0;
  #count = 0;
  #failures = 0;
  #openedAt = 0;
  #heardAt = 0;

  /** Connect. `ticket` is called for each connection and returns the address to open; if it rejects
   *  with an error whose `final` is true, that is the end; after any other it is tried again.
   *  @param {{ ticket: () => Promise<string>, WebSocket?: any, timeout?: number }} options */
  constructor({ ticket, WebSocket = globalThis.WebSocket, timeout = ANSWER_WITHIN }) {
    super();
    this.#options = { ticket, WebSocket, timeout };
    this.#connect();
  }

  /** Call `listener` with the data of every such event, until the function returned is called.
   *  @template {keyof RoomEvents} T
   *  @param {T} type @param {(data: RoomEvents[T]) => void} listener */
  on(type, listener) {
    const heard = (/** @type {any} */ event) => listener(event.detail);
    this.addEventListener(type, heard);
    return () => this.removeEventListener(type, heard);
  }

  /** Send an event; resolves with its ack's data, rejects with a RoomError.
   *  @param {string} event @param {object} [data] @param {number} [timeout] in milliseconds
   *  @returns {Promise<any>} */
  send(event, data = {}, timeout = this.#options.timeout) {
    return new Promise((resolve, reject) => {
      const refuse = (/** @type {Code} */ code) => reject(new RoomError(`${event}: ${code}`, code));
      if (this.state === "closed") return refuse("closed");
      if (this.#waiting.size >= MAX_WAITING) return refuse("too-many");
      const id = String(++this.#count);
      const timer = setTimeout(() => this.#fail(id, "timeout"), timeout);
      this.#waiting.set(id, { event, data, sent: false, timer, resolve, reject });
      if (this.state === "open") this.#put(id);
    });
  }

  /** Edit a file, as it was at edit number `base`; resolves with the edit as it was stored.
   *  @param {string} file_id @param {number} base @param {Step[]} delta @returns {Promise<Edit>} */
  edit(file_id, base, delta) {
    return this.send("file-change", { file_id, base, delta });
  }

  /** Show the others where my cursor is, at once or soon; the latest wins. @param {Cursor} at */
  cursor(at) {
    this.#cursor = at;
    if (!this.#timers.cursor) this.#showCursor();
  }

  /** Resolve with the milliseconds to the host and back. @param {number} [timeout] */
  ping(timeout) {
    const start = performance.now();
    return this.send("ping", {}, timeout).then(() => performance.now() - start);
  }

  /** Leave for good; what still waits for an answer rejects. */
  close() {
    this.#end(LEFT, "left");
  }

  async #connect() {
    const turn = (this.#socket = { close() {} }); // until there is a real one
    this.#timers.next = setTimeout(() => this.#drop(this.#socket), WELCOME_WITHIN);
    this.#become({ state: "connecting" });
    try {
      const address = new URL(await this.#options.ticket());
      if (turn !== this.#socket) return;
      if (this.#epoch) address.search += `&epoch=${this.#epoch}&seq=${this.#seq}`;
      const socket = (this.#socket = new this.#options.WebSocket(address.href));
      socket.onclose = (/** @type {any} */ end) => this.#lost(socket, end.code, end.reason);
      // Node 20 tells of a refused connection by no close event; everywhere else that one is first.
      socket.onerror = () => setTimeout(() => this.#lost(socket, LOST, ""));
      socket.onmessage = (/** @type {any} */ message) =>
        socket === this.#socket && this.#heard(JSON.parse(message.data));
    } catch (/** @type {any} */ error) {
      if (turn !== this.#socket) return;
      if (error.final) this.#end(this.#code, error.message);
      else this.#lost(turn, LOST, String(error.message));
    }
  }

  #heard(/** @type {any} */ { event, id, seq, data }) {
    this.#heardAt = Date.now();
    if (event === "error" && this.#waiting.has(id)) return this.#fail(id, "refused", data);
    if (event === "ack") this.#take(id)?.resolve(data);
    if (seq <= this.#seq) return; // it was told before; what is fleeting has no number
    this.#seq = seq ?? this.#seq;
    if (event === "ack") return; // it came in the place of one's own event, with its number
    if (event === "welcome") this.#welcomed(data);
    if (event === "reconnect") this.#after = data.after_ms;
    const changed = this.#noticed(event, data);
    this.#tell(event, data);
    if (changed) this.#tell("people", this.people);
  }

  #noticed(/** @type {string} */ event, /** @type {any} */ { user, user_id, role, ...cursor }) {
    const known = this.people.get(user?.id ?? user_id);
    if (event === "user-joined") this.people.set(user.id, { user, role, cursor: null });
    else if (event === "user-left") this.people.delete(user.id);
    else if (event === "cursor-update" && known) known.cursor = cursor;
    else if (event === "member-updated" && known && role) known.role = role;
    else return event === "welcome";
    this.role = this.people.get(this.me?.id ?? "")?.role ?? this.role;
    return true;
  }

  #welcomed(/** @type {Welcome} */ { user, role, people, limits, log }) {
    clearTimeout(this.#timers.next);
    const every = limits.ping_seconds * 1000;
    this.#timers.watch = setInterval(() => this.#listen(every), every);
    [this.me, this.role, this.#openedAt] = [user, role, Date.now()];
    this.people = new Map(people.map((each) => [each.user.id, { ...each, cursor: null }]));
    [this.#epoch, this.#seq] = [log.epoch, log.seq];
    for (const id of this.#waiting.keys()) this.#put(id);
    this.#become({ state: "open" });
    this.#showCursor();
  }

  #listen(/** @type {number} */ every) {
    const socket = this.#socket;
    if (Date.now() - this.#heardAt < every) return; // a script never sees the host's own pings
    this.ping(PONG_WITHIN).catch(() => this.#drop(socket));
  }

  #put(/** @type {string} */ id) {
    const { event, data } = Object.assign(this.#waiting.get(id), { sent: true });
    this.#socket.send(JSON.stringify({ id, event, data }));
  }

  #showCursor() {
    this.#timers.cursor = null;
    if (this.state !== "open" || this.#shown === this.#cursor) return;
    this.#shown = this.#cursor;
    this.#socket.send(JSON.stringify({ event: "cursor-update", data: this.#cursor }));
    this.#timers.cursor = setTimeout(() => this.#showCursor(), CURSOR_EVERY);
  }

  /** @param {string} id @param {Code} code @param {Problem} [problem] */
  #fail(id, code, problem) {
    const { event, sent, reject } = this.#take(id);
    const message = `${event}: ${problem?.detail ?? problem?.title ?? code}`;
    const unmade = problem && problem.status < 500; // a host that fails may fail after the commit
    reject(new RoomError(message, code, { sent: sent && !unmade, problem }));
  }

  #take(/** @type {string} */ id) {
    const message = this.#waiting.get(id);
    clearTimeout(message?.timer);
    this.#waiting.delete(id);
    return message;
  }

  #drop(/** @type {any} */ socket) {
    this.#lost(socket, LOST, "silence"); // the closing handshake may take long: it is not awaited
    socket.close();
  }

  #lost(/** @type {any} */ socket, /** @type {number} */ code, /** @type {string} */ reason) {
    if (socket !== this.#socket) return;
    const stable = this.state === "open" && Date.now() - this.#openedAt > STABLE_AFTER;
    this.#failures = stable || this.#after !== null ? 0 : this.#failures + 1;
    const most = Math.min(BACKOFF_MAX, BACKOFF * 2 ** this.#failures);
    const after = this.#after ?? Math.random() * (code === RESTART ? RESTART_SPREAD : most);
    [this.#after, this.#code] = [null, code];
    this.#forget();
    for (const [id, message] of this.#waiting)
      if (message.sent && !REPEATABLE.includes(message.event)) this.#fail(id, "unanswered");
    this.#timers.next = setTimeout(() => this.#connect(), after);
    this.#become({ state: "waiting", code, reason, after });
  }

  #forget() {
    for (const timer of Object.values(this.#timers)) clearTimeout(timer);
    [this.#socket, this.#shown, this.#timers] = [null, null, {}];
  }

  #end(/** @type {number} */ code, /** @type {string} */ reason) {
    this.#socket?.close(LEFT);
    this.#forget();
    for (const id of this.#waiting.keys()) this.#fail(id, "closed");
    if (this.state !== "closed") this.#become({ state: "closed", code, reason });
  }

  #become(/** @type {RoomEvents["state"]} */ told) {
    this.state = told.state;
    this.#tell("state", told);
  }

  #tell(/** @type {string} */ event, /** @type {unknown} */ detail) {
    this.dispatchEvent(new CustomEvent(event, { detail }));
  }
}
