/** Flush, drain, close. @module */
import { deepEqual, equal, ok, rejects, throws } from "node:assert/strict";
import type { BusStatus } from "../../../bus/bus.ts";
import { ConnectionError } from "../../../wire/errors.ts";
import { bytes, type ConformanceCase, inlet, settle, text } from "./case.ts";
import { within } from "../../../testing/within.ts";

export const lifecycleCases: readonly ConformanceCase[] = [
  {
    name: "flush() resolves when the server knows all subscriptions and messages before it",
    async run(server) {
      const [one, other] = [await server.connect(), await server.connect()];
      const heard: string[] = [];
      one.subscribe("f", (message) => heard.push(text(message)));
      await within(one.flush(), "a flush");
      other.publish("f", bytes("x"));
      await within(other.flush(), "a flush");
      await within(one.flush(), "a flush");
      deepEqual(heard, ["x"]);
    },
  },
  {
    name: "drain() handles what is on its way, sends what handlers answer, and closes",
    async run(server) {
      const [sender, drained] = [await server.connect(), await server.connect()];
      const answers = await inlet(sender, "answers");
      let handled = 0;
      drained.subscribe("busy", (message) => {
        handled++;
        drained.publish("answers", message.data);
      });
      await drained.flush();
      for (let index = 0; index < 1_000; index++) sender.publish("busy", bytes(index));
      await sender.flush();
      await within(drained.drain(), "the drain");
      equal(handled, 1_000);
      equal(drained.status, "closed");
      await answers.reached(1_000);
      sender.publish("busy", bytes("late"));
      await settle(sender);
      equal(handled, 1_000);
      await within(drained.drain(), "a drain of a closed connection");
    },
  },
  {
    name: "close() is idempotent, tells status and closed, and ends delivery",
    async run(server) {
      const [bus, sender] = [await server.connect(), await server.connect()];
      const seen: BusStatus[] = [];
      const removed: BusStatus[] = [];
      bus.onStatus((status) => seen.push(status));
      bus.onStatus((status) => removed.push(status))();
      let calls = 0;
      bus.subscribe("a", () => calls++);
      await bus.flush();
      equal(bus.status, "connected");
      await within(Promise.all([bus.close(), bus.close()]), "two closes");
      await within(bus.close(), "a third close");
      sender.publish("a", bytes("x"));
      await settle(sender);
      equal(bus.status, "closed");
      equal(await within(bus.closed, "closed"), undefined);
      deepEqual(seen, ["closed"]);
      deepEqual(removed, []);
      equal(calls, 0);
    },
  },
  {
    name: "after close() every call is a ConnectionError, and unsubscribe() is harmless",
    async run(server) {
      const bus = await server.connect();
      const subscription = bus.subscribe("a", () => {});
      await bus.close();
      throws(
        () => bus.publish("a", bytes("x")),
        (error) => error instanceof ConnectionError && /"a".*closed/.test(error.message),
      );
      throws(() => bus.subscribe("a", () => {}), ConnectionError);
      await rejects(bus.request("a", bytes("x")), ConnectionError);
      await rejects(bus.flush(), ConnectionError);
      subscription.unsubscribe();
    },
  },
  {
    name: "close() rejects the requests in flight with ConnectionError",
    async run(server) {
      const bus = await server.connect();
      const box = await inlet(bus, "silent");
      const waiting = bus.request("silent", bytes("x"));
      const refused = rejects(within(waiting, "the rejection"), ConnectionError);
      await box.reached(1);
      await bus.close();
      await refused;
    },
  },
  {
    name: "leaving an `await using` block closes the connection",
    async run(server) {
      let outside;
      {
        await using bus = await server.connect();
        outside = bus;
        ok(bus.maxPayload > 0);
      }
      equal(outside.status, "closed");
    },
  },
];
