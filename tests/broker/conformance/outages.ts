/** The server goes away and comes back. @module */
import { deepEqual, equal, ok, rejects, throws } from "node:assert/strict";
import type { BusStatus } from "../../../bus/bus.ts";
import { AuthorizationError, ConnectionError } from "../../../wire/errors.ts";
import { type BusTestServer, bytes, type ConformanceCase, inlet, reaches, settle, text } from "./case.ts";
import { within } from "../../../testing/within.ts";

export const outageCases: readonly ConformanceCase[] = [
  {
    name: "while disconnected publish(), request() and flush() are a ConnectionError, and nothing is sent later",
    needs: "outage",
    async run(server) {
      const bus = await server.connect();
      const box = await inlet(bus, "a");
      await goAway(server);
      await reaches(bus, "disconnected");
      throws(() => bus.publish("a", bytes("lost")), (error) => {
        ok(error instanceof ConnectionError);
        ok(/"a".*try again/.test(error.message), error.message);
        return true;
      });
      await rejects(bus.request("a", bytes("lost")), ConnectionError);
      await rejects(within(bus.flush(), "a flush"), ConnectionError);
      await comeBack(server);
      await reaches(bus, "connected");
      await settle(bus);
      deepEqual(box.texts, []);
    },
  },
  {
    name: "subscriptions are renewed, those that were ended are not, and status tells",
    needs: "outage",
    async run(server) {
      const [bus, sender] = [await server.connect(), await server.connect()];
      const seen: BusStatus[] = [];
      bus.onStatus((status) => seen.push(status));
      const box = await inlet(bus, "kept.*");
      let ended = 0;
      const before = bus.subscribe("ended", () => ended++);
      const during = bus.subscribe("ended", () => ended++);
      await bus.flush();
      before.unsubscribe();
      await goAway(server);
      await reaches(bus, "disconnected");
      during.unsubscribe();
      await comeBack(server);
      await Promise.all([reaches(bus, "connected"), reaches(sender, "connected")]);
      await bus.flush();
      for (const subject of ["kept.1", "ended", "kept.2"]) sender.publish(subject, bytes(subject));
      await settle(sender, bus);
      deepEqual(box.texts, ["kept.1", "kept.2"]);
      equal(ended, 0);
      deepEqual(seen, ["disconnected", "connected"]);
    },
  },
  {
    name: "a subscription made while disconnected works after the reconnect, each message once",
    needs: "outage",
    async run(server) {
      const bus = await server.connect();
      await goAway(server);
      await reaches(bus, "disconnected");
      const heard: string[] = [];
      bus.subscribe("new", (message) => heard.push(text(message)));
      await comeBack(server);
      await reaches(bus, "connected");
      for (const each of ["1", "2"]) bus.publish("new", bytes(each));
      await settle(bus);
      deepEqual(heard, ["1", "2"]);
    },
  },
  {
    name: "max counts across a reconnect",
    needs: "outage",
    async run(server) {
      const bus = await server.connect();
      const heard: string[] = [];
      bus.subscribe("some", (message) => heard.push(text(message)), { max: 3 });
      for (const each of ["1", "2"]) bus.publish("some", bytes(each));
      await settle(bus);
      await goAway(server);
      await reaches(bus, "disconnected");
      await comeBack(server);
      await reaches(bus, "connected");
      for (const each of ["3", "4", "5"]) bus.publish("some", bytes(each));
      await settle(bus);
      deepEqual(heard, ["1", "2", "3"]);
    },
  },
  {
    name: "requests in flight reject with ConnectionError when the connection is lost; later ones work",
    needs: "outage",
    async run(server) {
      const bus = await server.connect();
      const box = await inlet(bus, "ask");
      const waiting = bus.request("ask", bytes("x"), { timeout: 60_000 });
      const refused = rejects(within(waiting, "the rejection"), ConnectionError);
      await box.reached(1);
      await goAway(server);
      await refused;
      await comeBack(server);
      await reaches(bus, "connected");
      bus.subscribe("ask", (message) => bus.publish(message.reply ?? "", bytes("answer")));
      equal(text(await bus.request("ask", bytes("y"))), "answer");
    },
  },
  {
    name: "a subscription that drains while the connection is away, or gets lost, ends and is not renewed",
    needs: "outage",
    async run(server) {
      const bus = await server.connect();
      let late = 0;
      const [before, during] = [bus.subscribe("a", () => late++), bus.subscribe("a", () => late++)];
      await bus.flush();
      const gone = goAway(server);
      const drained = before.drain();
      await gone;
      await reaches(bus, "disconnected");
      await within(Promise.all([drained, during.drain()]), "the drains");
      await comeBack(server);
      await reaches(bus, "connected");
      bus.publish("a", bytes("x"));
      await settle(bus);
      equal(late, 0);
    },
  },
  {
    name: "a connection that is disconnected can be closed, and drained",
    needs: "outage",
    async run(server) {
      const [one, other] = [await server.connect(), await server.connect()];
      one.subscribe("a", () => {});
      other.subscribe("a", () => {});
      await goAway(server);
      await Promise.all([reaches(one, "disconnected"), reaches(other, "disconnected")]);
      await within(one.close(), "the close");
      await within(other.drain(), "the drain");
      equal(one.status, "closed");
      equal(other.status, "closed");
    },
  },
  {
    name: "a reconnect with credentials that are no longer taken closes with AuthorizationError",
    needs: "credentials",
    async run(server) {
      const bus = await server.connect();
      await goAway(server);
      await reaches(bus, "disconnected");
      await server.comeBackLocked?.();
      const cause = await within(bus.closed, "the end of the connection", 15_000);
      ok(cause instanceof AuthorizationError, String(cause));
      ok(cause.message.includes("credentials"), cause.message);
      equal(bus.status, "closed");
    },
  },
];

async function goAway(server: BusTestServer): Promise<void> {
  ok(server.goAway, "this server kind cannot go away: give a reason to skip");
  await server.goAway();
}

async function comeBack(server: BusTestServer): Promise<void> {
  ok(server.comeBack, "this server kind cannot come back: give a reason to skip");
  await server.comeBack();
}
