/** Requests and their answers, and what happens without one. @module */
import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import type { Bus } from "../../../bus/bus.ts";
import { bytes, type ConformanceCase, inlet, settle, text } from "./case.ts";
import { NoRespondersError, TimeoutError } from "../../../wire/errors.ts";
import { within } from "../../../testing/within.ts";

export const requestCases: readonly ConformanceCase[] = [
  {
    name: "a request gets the answer, with its headers",
    async run(server) {
      const [asker, answerer] = [await server.connect(), await server.connect()];
      answerer.subscribe("echo", (message) => {
        answerer.publish(message.reply ?? "", message.data, { headers: message.headers ?? [] });
      });
      await answerer.flush();
      const answer = await asker.request("echo", bytes("hello"), { headers: [["trace", "7"]] });
      equal(text(answer), "hello");
      deepEqual(answer.headers, [["trace", "7"]]);
      equal(text(await asker.request("echo", bytes("again"))), "again");
    },
  },
  {
    name: "500 requests at once get each its own answer, in any order of answering",
    async run(server) {
      const [asker, answerer] = [await server.connect(), await server.connect()];
      const waiting: (() => void)[] = [];
      answerer.subscribe("double", (message) => {
        waiting.push(() => answerer.publish(message.reply ?? "", bytes(2 * Number(text(message)))));
        if (waiting.length === 500) { for (const answer of waiting.reverse()) answer(); }
      });
      await answerer.flush();
      const numbers = Array.from({ length: 500 }, (_, index) => index);
      const answers = await Promise.all(numbers.map((each) => asker.request("double", bytes(each))));
      deepEqual(answers.map((answer) => Number(text(answer))), numbers.map((each) => 2 * each));
    },
  },
  {
    name: "of several answers the first counts, and the others do no harm",
    async run(server) {
      const [asker, answerer] = [await server.connect(), await server.connect()];
      answerer.subscribe("many", (message) => {
        for (const each of ["first", "second", "third"]) answerer.publish(message.reply ?? "", bytes(each));
      });
      await answerer.flush();
      equal(text(await asker.request("many", bytes(""))), "first");
      await settle(answerer, asker);
      equal(text(await asker.request("many", bytes(""))), "first");
    },
  },
  {
    name: "a request that nobody listens to rejects at once with NoRespondersError",
    async run(server) {
      const bus = await server.connect();
      await rejects(within(bus.request("nobody.there", bytes(""), { timeout: 60_000 }), "a refusal"), (error) => {
        ok(error instanceof NoRespondersError);
        ok(error.message.includes('"nobody.there"'), error.message);
        return true;
      });
    },
  },
  {
    name: "a publish with a reply subject that nobody listens to delivers no message there",
    async run(server) {
      const bus = await server.connect();
      const box = await inlet(bus, "answers");
      bus.publish("nobody.there", bytes(""), { reply: "answers" });
      await settle(bus);
      deepEqual(box.texts, []);
    },
  },
  {
    name: "a request without an answer rejects with TimeoutError",
    async run(server) {
      const bus = await server.connect();
      bus.subscribe("silent", () => {});
      await rejects(within(bus.request("silent", bytes(""), { timeout: 30 }), "a time-out"), (error) => {
        ok(error instanceof TimeoutError);
        ok(/"silent".*30 ms/.test(error.message), error.message);
        return true;
      });
    },
  },
  {
    name: "an answer after the time-out does no harm",
    async run(server) {
      const bus = await server.connect();
      let reply = "";
      bus.subscribe("late", (message) => reply = message.reply ?? "");
      await rejects(bus.request("late", bytes(""), { timeout: 20 }), { name: "TimeoutError" });
      await settle(bus);
      bus.publish(reply, bytes("too late"));
      await settle(bus);
      equal(bus.status, "connected");
    },
  },
  {
    name: "an aborted signal rejects with its reason: before, nothing is sent; during, the waiting ends",
    async run(server) {
      const bus = await server.connect();
      const box = await inlet(bus, "silent");
      const reason = new Error("enough");
      await rejects(bus.request("silent", bytes("never"), { signal: AbortSignal.abort(reason) }), reason);
      const controller = new AbortController();
      const waiting = bus.request("silent", bytes("asked"), { signal: controller.signal });
      await box.reached(1);
      controller.abort(reason);
      await rejects(within(waiting, "the abort"), reason);
      deepEqual(box.texts, ["asked"]);
    },
  },
  {
    name: "bad arguments reject a request, and too large ones",
    async run(server) {
      const bus = await server.connect();
      await rejects(bus.request("a.*", bytes("")), { name: "TypeError" });
      await rejects(bus.request("a", new Uint8Array(bus.maxPayload + 1)), { name: "RangeError" });
    },
  },
  {
    name: "answers go to an inbox below the prefix that was asked for",
    async run(server) {
      const bus = await server.connect({ inboxPrefix: "mine.box" });
      const replies: string[] = [];
      answerAll(bus, "ask", replies);
      equal(text(await bus.request("ask", bytes("x"))), "x");
      ok(replies[0]?.startsWith("mine.box."), replies[0]);
      const plain = await server.connect();
      await plain.request("ask", bytes("y"));
      ok(replies[1]?.startsWith("_INBOX."), replies[1]);
    },
  },
];

function answerAll(bus: Bus, subject: string, replies: string[]): void {
  bus.subscribe(subject, (message) => {
    replies.push(message.reply ?? "");
    bus.publish(message.reply ?? "", message.data);
  });
}
