// One official client: told what to do by lines of JSON, it tells by lines what it hears.

import { createInterface } from "node:readline";

import { io } from "socket.io-client";

const { url, auth, options } = JSON.parse(process.argv[2]);
const say = (what, ...words) => process.stdout.write(JSON.stringify([what, ...words]) + "\n");

const socket = io(url, {
  transports: ["websocket"],
  reconnectionDelay: 200,
  auth: async (give) => give({ ...auth }),
  ...options,
});

const goOnAfter = (seq) => { if (seq) auth.seq = seq; };

socket.onAny((event, data, seq) => {
  if (event === "welcome") Object.assign(auth, { epoch: data.log.epoch, seq: data.log.seq });
  goOnAfter(seq);
  say("event", event, data, seq ?? null);
});
socket.on("connect", () => say("connect", socket.id));
socket.on("disconnect", (reason, details) =>
  say("disconnect", reason, details?.context?.code ?? null, socket.active));
socket.on("connect_error", (error) =>
  say("connect_error", error.message, error.data ?? null, socket.active));
socket.io.on("ping", () => say("ping"));

createInterface({ input: process.stdin }).on("line", (line) => {
  const { emit, data, identity, promise } = JSON.parse(line);
  if (!emit) socket.disconnect();
  else if (identity === undefined) socket.emit(emit, data);
  else if (promise) socket.emitWithAck(emit, data).then((answer) => say("ack", identity, [answer]));
  else socket.emit(emit, data, (...values) => { goOnAfter(values[1]); say("ack", identity, values); });
}).on("close", () => process.exit());
