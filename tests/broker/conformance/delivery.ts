/** Who gets what, and in which order. @module */
import { deepEqual, equal, ok, throws } from "node:assert/strict";
import type { Bus } from "../../../bus/bus.ts";
import { bytes, type ConformanceCase, errorTrap, inlet, settle, text } from "./case.ts";
import { within } from "../../../testing/within.ts";

export const deliveryCases: readonly ConformanceCase[] = [
  {
    name: "messages of one sender arrive in order",
    async run(server) {
      const [sender, receiver] = [await server.connect(), await server.connect()];
      const box = await inlet(receiver, "order.one");
      const sent = Array.from({ length: 500 }, (_, index) => String(index));
      for (const each of sent) sender.publish("order.one", bytes(each));
      await box.reached(sent.length);
      deepEqual(box.texts, sent);
    },
  },
  {
    name: "10,000 messages back to back arrive in order",
    async run(server) {
      const [sender, receiver] = [await server.connect(), await server.connect()];
      const box = await inlet(receiver, "order.many");
      for (let index = 0; index < 10_000; index++) sender.publish("order.many", bytes(index));
      await box.reached(10_000);
      await settle(sender, receiver);
      deepEqual(box.texts, Array.from({ length: 10_000 }, (_, index) => String(index)));
    },
  },
  {
    name: "messages of several senders interleave, each sender's in its order",
    async run(server) {
      const receiver = await server.connect();
      const box = await inlet(receiver, "mixed");
      const senders = [await server.connect(), await server.connect(), await server.connect()];
      for (let round = 0; round < 100; round++) {
        for (const [index, sender] of senders.entries()) sender.publish("mixed", bytes(`${index} ${round}`));
        if (round % 25 === 0) await senders[round % 3]?.flush();
      }
      await box.reached(300);
      for (const index of senders.keys()) {
        const own = box.texts.filter((each) => each.startsWith(`${index} `));
        deepEqual(own, Array.from({ length: 100 }, (_, round) => `${index} ${round}`));
      }
    },
  },
  {
    name: "a connection hears its own messages, once a subscription, but never inside publish()",
    async run(server) {
      const bus = await server.connect();
      const heard: string[] = [];
      bus.subscribe("self", () => heard.push("first"));
      bus.subscribe("self", () => heard.push("second"));
      bus.publish("self", bytes("x"));
      deepEqual(heard, []);
      await settle(bus);
      deepEqual(heard.sort(), ["first", "second"]);
    },
  },
  {
    name: "what a handler publishes arrives after what was published before it",
    async run(server) {
      const bus = await server.connect();
      const box = await inlet(bus, "chain.*");
      const { promise, resolve } = Promise.withResolvers<void>();
      bus.subscribe("chain.0", (message) => {
        const step = Number(text(message));
        if (step < 20) bus.publish("chain.0", bytes(step + 1));
        else resolve();
      });
      bus.publish("chain.0", bytes(0));
      bus.publish("chain.1", bytes("between"));
      await within(promise, "the end of the chain");
      await settle(bus);
      deepEqual(box.texts, ["0", "between", ...Array.from({ length: 20 }, (_, index) => String(index + 1))]);
    },
  },
  {
    name: "* stands for one token, > for one or more, in subscriptions only",
    async run(server) {
      const bus = await server.connect();
      const boxes = await Promise.all(["a.*", "a.>", "*.b", ">", "a.b", "a.*.c"].map((each) => inlet(bus, each)));
      for (const subject of ["a", "a.b", "a.b.c", "x.b", "a.x.y.z"]) bus.publish(subject, bytes(subject));
      await settle(bus);
      deepEqual(boxes.map((box) => box.texts), [
        ["a.b"],
        ["a.b", "a.b.c", "a.x.y.z"],
        ["a.b", "x.b"],
        ["a", "a.b", "a.b.c", "x.b", "a.x.y.z"],
        ["a.b"],
        ["a.b.c"],
      ]);
    },
  },
  {
    name: "a message carries its own subject, not the pattern",
    async run(server) {
      const bus = await server.connect();
      const subjects: string[] = [];
      for (const pattern of ["who.*", "who.am", "who.>"]) bus.subscribe(pattern, (each) => subjects.push(each.subject));
      bus.publish("who.am", bytes(""));
      await settle(bus);
      deepEqual(subjects, ["who.am", "who.am", "who.am"]);
    },
  },
  {
    name: "of a queue group one member gets each message, and each member gets some",
    async run(server) {
      const sender = await server.connect();
      const members: Bus[] = [await server.connect(), await server.connect(), await server.connect()];
      const boxes = await Promise.all(members.map((member) => inlet(member, "work", "crew")));
      const others = await inlet(sender, "work", "other-crew");
      const watcher = await inlet(sender, "work");
      const sent = Array.from({ length: 300 }, (_, index) => String(index));
      for (const each of sent) sender.publish("work", bytes(each));
      await settle(sender, ...members, sender);
      deepEqual(boxes.flatMap((box) => box.texts).sort(), [...sent].sort());
      for (const box of boxes) ok(box.texts.length > 0, "a member got nothing");
      deepEqual(others.texts, sent);
      deepEqual(watcher.texts, sent);
    },
  },
  {
    name: "a member that left its queue group gets nothing more, and the others all",
    async run(server) {
      const [sender, left, stays] = [await server.connect(), await server.connect(), await server.connect()];
      let late = 0;
      const leaving = left.subscribe("work", () => late++, { queue: "crew" });
      const box = await inlet(stays, "work", "crew");
      await left.flush();
      leaving.unsubscribe();
      await left.flush();
      for (let index = 0; index < 50; index++) sender.publish("work", bytes(index));
      await settle(sender, stays, left);
      equal(box.texts.length, 50);
      equal(late, 0);
    },
  },
  {
    name: "a member that drains handles what is on its way to it, and the others get all that comes after",
    async run(server) {
      const [sender, left, stays] = [await server.connect(), await server.connect(), await server.connect()];
      const handled: string[] = [];
      const leaving = left.subscribe("work", (message) => handled.push(text(message)), { queue: "crew" });
      await left.flush();
      for (let index = 0; index < 500; index++) sender.publish("work", bytes(index));
      await sender.flush();
      const box = await inlet(stays, "work", "crew");
      const drained = leaving.drain();
      for (let index = 500; index < 600; index++) sender.publish("work", bytes(index));
      await within(drained, "the drain");
      const early = handled.length;
      ok(early >= 500, `${early} handled`);
      for (let index = 600; index < 700; index++) sender.publish("work", bytes(index));
      await settle(sender, left, stays);
      equal(handled.length, early, "nothing comes after the drain");
      const all = [...handled, ...box.texts].map(Number).sort((a, b) => a - b);
      deepEqual(all, Array.from({ length: 700 }, (_, index) => index));
      await within(leaving.drain(), "a second drain");
      leaving.unsubscribe();
    },
  },
  {
    name: "unsubscribe() in the handler ends it at once",
    async run(server) {
      const bus = await server.connect();
      let calls = 0;
      const subscription = bus.subscribe("stop", () => {
        calls++;
        subscription.unsubscribe();
        subscription.unsubscribe();
      });
      for (let index = 0; index < 10; index++) bus.publish("stop", bytes(index));
      await settle(bus);
      equal(calls, 1);
      equal(subscription.subject, "stop");
    },
  },
  {
    name: "a subscription with max ends after so many messages",
    async run(server) {
      const bus = await server.connect();
      const heard: string[] = [];
      bus.subscribe("some", (message) => heard.push(text(message)), { max: 3 });
      for (let index = 0; index < 10; index++) bus.publish("some", bytes(index));
      await settle(bus);
      bus.publish("some", bytes("late"));
      await settle(bus);
      deepEqual(heard, ["0", "1", "2"]);
    },
  },
  {
    name: "a handler that throws is reported, and stops neither others nor itself",
    async run(server) {
      const trap = errorTrap();
      const bus = await server.connect({ onError: trap.onError });
      bus.subscribe("bad", (message) => {
        throw new RangeError(`handler ${text(message)}`);
      });
      const box = await inlet(bus, "bad");
      for (const each of ["1", "2"]) bus.publish("bad", bytes(each));
      await settle(bus);
      deepEqual(box.texts, ["1", "2"]);
      deepEqual(trap.errors.map((error) => error.message), ["handler 1", "handler 2"]);
      ok(trap.errors[0] instanceof RangeError);
      equal(bus.status, "connected");
    },
  },
  {
    name: "invalid subjects, patterns, queues and maxima are refused before anything is sent",
    async run(server) {
      const trap = errorTrap();
      const bus = await server.connect({ onError: trap.onError });
      const box = await inlet(bus, ">");
      for (const bad of ["", "a b", "a..b", ".a", "a.", "a.*", ">", "a\r\nPING", "a\tb"]) {
        throws(() => bus.publish(bad, bytes("x")), { name: "TypeError" }, JSON.stringify(bad));
        throws(() => bus.publish("good", bytes("x"), { reply: bad }), { name: "TypeError" }, JSON.stringify(bad));
      }
      for (const bad of ["", "a b", "a..b", "a.>.b", "a\r\nPING"]) {
        throws(() => bus.subscribe(bad, () => {}), { name: "TypeError" }, JSON.stringify(bad));
      }
      for (const queue of ["", "a b"]) throws(() => bus.subscribe("a", () => {}, { queue }), { name: "TypeError" });
      for (const max of [0, -1, 1.5]) throws(() => bus.subscribe("a", () => {}, { max }), { name: "RangeError" });
      await settle(bus);
      deepEqual(box.texts, []);
      deepEqual(trap.errors, []);
    },
  },
];
