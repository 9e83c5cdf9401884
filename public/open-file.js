/**
 * A file in a textarea: what one types goes to the room, what others type comes in.
 * One edit is under way at a time; what is typed meanwhile is rebased and goes out after it.
 */

const PATIENCE = 600_000; // milliseconds that an edit may wait for its answer
const RETRY_AFTER = 2_000; // milliseconds, when the file could not be read
const REPLAY_WITHIN = 5_000; // milliseconds for edits that are in the file, and yet to be told
const SETTLE = 500; // milliseconds in which a host that answers has made what it was sent before

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/** Return how `before` became `after`, as one replacement. */
function replacement(before, after) {
  const most = Math.min(before.length, after.length);
  let [at, end] = [0, 0];
  while (at < most && before[at] === after[at]) at++;
  while (end < most - at && before.at(-1 - end) === after.at(-1 - end)) end++;
  return { at, cut: before.length - at - end, put: after.slice(at, after.length - end) };
}

/** Return where a place in a text is once a replacement has been made. */
function moved(place, { at, cut, put }) {
  if (place <= at) return place;
  return place >= at + cut ? place + put.length - cut : at + put.length;
}

/** Return `theirs` with what led from `base` to `mine`. */
function merged(base, mine, theirs) {
  const [own, other] = [replacement(base, mine), replacement(base, theirs)];
  const [start, end] = [moved(own.at, other), moved(own.at + own.cut, other)];
  return theirs.slice(0, start) + own.put + theirs.slice(end);
}

function applied(text, delta) {
  let [place, made] = [0, ""];
  for (const { retain = 0, insert = "", delete: cut = 0 } of delta) {
    made += text.slice(place, place + retain) + insert;
    place += retain + cut;
  }
  return made + text.slice(place);
}

/** Three texts: as stored, as it will be once what was sent is, and as the field shows it. */
export class OpenFile {
  #stored = "";
  #sent = "";
  #seq = 0;
  #sending = false;
  #doubt = null; // the text of an edit that may have been made: the room's replay tells
  #still = true; // whether edits wait until the file has been read
  #left = false;
  #later = new Map(); // edits by number, until those before them are here
  #gap;

  /** `fetch` returns the file as it is now; `say` shows how things stand. */
  constructor(room, field, fetch, say) {
    Object.assign(this, { room, field, fetch, say });
  }

  /** Read the file; `kept` makes of its content what the field is to show. */
  async read(kept = (content) => content) {
    this.#still = true;
    const file = await this.fetch();
    if (this.#left) return;
    this.id = file.id;
    this.#show(kept(file.content));
    this.#stored = this.#sent = file.content;
    this.#seq = file.seq;
    [this.#sending, this.#still, this.#doubt] = [false, false, null];
    for (const seq of this.#later.keys()) if (seq <= file.seq) this.#later.delete(seq);
    this.say(`version ${file.seq}`);
    this.#catchUp();
    this.typed();
  }

  /** Have nothing more to do with the field. */
  leave() {
    this.#left = this.#still = true;
    clearTimeout(this.#gap);
  }

  /** Send what was typed since. */
  async typed() {
    if (this.#sending || this.#still || this.field.value === this.#sent) return;
    const { at, cut, put } = replacement(this.#sent, this.field.value);
    const steps = [{ retain: at }, { insert: put }, { delete: cut }];
    const delta = steps.filter((step) => Object.values(step)[0]);
    const edit = { file_id: this.id, base: this.#seq, delta };
    [this.#sending, this.#sent] = [true, this.field.value];
    this.say("saving …");
    try {
      this.changed({ ...(await this.room.send("file-change", edit, PATIENCE)), own: true });
    } catch (error) {
      if (error.sent) this.#doubt = put;
      this.#failed(error);
    }
  }

  /** Take in an edit that was stored. */
  changed(edit) {
    if (this.#left || edit.seq <= this.#seq) return;
    this.#later.set(edit.seq, edit);
    this.#catchUp();
  }

  #catchUp() {
    clearTimeout(this.#gap);
    for (let edit; !this.#still && (edit = this.#later.get(this.#seq + 1)); ) this.#take(edit);
    if (this.#later.size) this.#gap = setTimeout(() => this.#failed({ sent: true }), REPLAY_WITHIN);
  }

  #take({ seq, delta, author, own = this.#isDoubted(author, delta) }) {
    const stored = applied(this.#stored, delta);
    const sent = own || !this.#sending ? stored : merged(this.#stored, this.#sent, stored);
    this.#show(merged(this.#sent, this.field.value, sent));
    [this.#stored, this.#sent, this.#seq] = [stored, sent, seq];
    this.#later.delete(seq);
    if (own) [this.#sending, this.#doubt] = [false, null];
    if (!this.#sending) this.say(`version ${seq}`);
    if (own) this.typed();
  }

  #isDoubted(author, delta) {
    const put = delta.map(({ insert = "" }) => insert).join("");
    return this.#doubt === put && author.id === this.room.me.id;
  }

  /** Find out what became of an edit, keep what was typed, and go on. */
  async #failed(error) {
    if (this.#left || error.code === "closed") return;
    if (!error.sent && error.code !== "refused") {
      await pause(RETRY_AFTER);
      return this.#again();
    }
    try {
      await this.room.ping(PATIENCE); // without a connection it waits for one
      await pause(SETTLE);
      const { seq } = await this.fetch();
      for (let ms = 0; this.#seq < seq && ms < REPLAY_WITHIN; ms += SETTLE) await pause(SETTLE);
      if (this.#left) return;
      if (error.code === "refused" || this.#seq < seq) await this.#readAgain();
      else if (this.#doubt !== null) this.#again(); // all that was made is known: it is not there
      if (error.code === "refused") this.say(error.message);
    } catch {
      setTimeout(() => this.#failed(error), RETRY_AFTER);
    }
  }

  #again() {
    [this.#sending, this.#doubt, this.#sent] = [false, null, this.#stored];
    this.typed();
  }

  /** Show the file as it is stored; what was typed is kept if it can't be there twice. */
  #readAgain() {
    const before = [this.#stored, this.#sent];
    return this.read((content) => (content === before[1] ? this.field.value : content));
  }

  #show(text) {
    if (this.field.value === text) return;
    const change = replacement(this.field.value, text);
    const places = [this.field.selectionStart, this.field.selectionEnd];
    this.field.value = text;
    this.field.setSelectionRange(...places.map((place) => moved(place, change)));
  }
}
