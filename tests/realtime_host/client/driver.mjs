/** Holds one room: does what each line of stdin says, and writes down all that it hears. */

import { createInterface } from "node:readline";
import { Room, ticketFrom } from "./collab.mjs";

const EVENTS = [
  "state", "welcome", "people", "user-joined", "user-left", "cursor-update", "file-change",
  "job-updated", "project-updated", "member-updated", "resync-required", "reconnect", "error",
];

const say = (told) => process.stdout.write(JSON.stringify(told) + "\n");

class Watched extends WebSocket {
  constructor(address) {
    super(address);
    say({ address });
  }

  set onmessage(listener) {
    this.addEventListener("message", (message) => {
      say({ received: JSON.parse(message.data) });
      if (!deaf) listener(message);
    });
  }

  send(text) {
    say({ sent: JSON.parse(text) });
    super.send(text);
  }
}

let room;
let token;
let deaf = false; // whether what a host sends is lost on the way

const orders = {
  join({ timeout, ...of }) {
    token = of.token;
    const ticket = ticketFrom({ ...of, token: () => token });
    room = new Room({ ticket, timeout, WebSocket: Watched });
    for (const event of EVENTS)
      room.on(event, (data) =>
        say({ event, data: event === "people" ? Object.fromEntries(data) : data }),
      );
    say({ event: "state", data: { state: room.state } });
  },
  token(given) {
    token = given.token;
  },
  deaf(given) {
    deaf = given.deaf;
  },
  async call({ number, method, args }) {
    try {
      say({ number, value: (await room[method](...args)) ?? null });
    } catch ({ message, code, sent, problem }) {
      say({ number, error: { message, code, sent, problem } });
    }
  },
  closeWhenLost() {
    room.on("state", ({ state }) => state === "waiting" && room.close());
  },
};

createInterface({ input: process.stdin })
  .on("line", (line) => {
    const { order, ...given } = JSON.parse(line);
    orders[order](given);
  })
  .on("close", () => process.exit());
