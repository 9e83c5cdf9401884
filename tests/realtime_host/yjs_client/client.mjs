// One official provider: WebsocketProvider of y-websocket, unmodified, on a Y.Doc. It takes one
// command a line as JSON, and tells one line of JSON for whatever happens.
import { createInterface } from "node:readline";
import WebSocket from "ws";
import { WebsocketProvider } from "y-websocket";
import * as Y from "yjs";

const { url, file, params, protocols } = JSON.parse(process.argv[2]);
const tell = (...line) => process.stdout.write(JSON.stringify(line) + "\n");

const doc = new Y.Doc();
const text = doc.getText("content");
const options = { WebSocketPolyfill: WebSocket, disableBc: true, maxBackoffTime: 500 };
const provider = new WebsocketProvider(url, file, doc, { ...options, params, protocols });
const { awareness } = provider;

console.warn = (...words) => tell("warning", words.join(" "));
console.error = (...words) => tell("error", words.join(" "));
tell("client", doc.clientID);
text.observe(() => tell("text", text.toString()));
provider.on("sync", (synced) => tell("sync", synced));
provider.on("status", ({ status }) => tell("status", status));
provider.on("connection-close", (event) => tell("closed", event?.code ?? null));
awareness.on("change", () => tell("states", Object.fromEntries(awareness.getStates())));

const commands = {
  insert: ([at, words]) => text.insert(at, words),
  delete: ([at, length]) => text.delete(at, length),
  state: (state) => awareness.setLocalState(state),
  disconnect: () => provider.disconnect(),
  connect: () => provider.connect(),
  show: () => tell("shown", text.toString()),
};

createInterface({ input: process.stdin })
  .on("line", (line) => {
    for (const [name, value] of Object.entries(JSON.parse(line))) commands[name](value);
  })
  .on("close", () => process.exit(0));
