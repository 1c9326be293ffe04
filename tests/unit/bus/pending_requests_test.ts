/** Requests against a clock that is turned by hand. @module */
import { deepEqual, equal, notEqual, ok, rejects } from "node:assert/strict";
import type { BusMessage } from "../../../bus/bus.ts";
import { PendingRequests } from "../../../bus/pending_requests.ts";
import type { Clock } from "../../../wire/clock.ts";

/** Timers that fire when told to. */
class HandClock implements Clock {
  readonly timers = new Map<symbol, { readonly fire: () => void; readonly delayMs: number }>();

  now = () => 0;
  wallTime = () => 0;

  setTimer(fire: () => void, delayMs: number): symbol {
    const handle = Symbol();
    this.timers.set(handle, { fire, delayMs });
    return handle;
  }

  clearTimer(handle: unknown): void {
    this.timers.delete(handle as symbol);
  }

  fireAll(): void {
    for (const { fire } of [...this.timers.values()]) fire();
  }
}

function answerTo(subject: string): BusMessage {
  return { subject, data: new Uint8Array([1]), reply: undefined, headers: undefined };
}

Deno.test("an answer settles its request, and leaves no timer and no listener behind", async () => {
  const clock = new HandClock();
  const requests = new PendingRequests("box", clock);
  const { signal } = new AbortController();
  let reply = "";
  const answer = requests.run("ask", { signal }, (subject) => reply = subject);
  deepEqual([...clock.timers.values()].map((timer) => timer.delayMs), [5_000]);
  equal(requests.size, 1);
  requests.settle(answerTo(reply));
  equal((await answer).subject, reply);
  equal(requests.size, 0);
  equal(clock.timers.size, 0);
});

Deno.test("every request has a reply subject of its own below one pattern", () => {
  const requests = new PendingRequests("my.box", new HandClock());
  const replies: string[] = [];
  for (let index = 0; index < 100; index++) {
    requests.run("ask", {}, (reply) => replies.push(reply)).catch(() => {});
  }
  equal(new Set(replies).size, 100);
  const prefix = requests.pattern.slice(0, -1);
  ok(/^my\.box\.\w+\.$/.test(prefix), prefix);
  for (const reply of replies) ok(reply.startsWith(prefix) && !reply.slice(prefix.length).includes("."), reply);
  notEqual(requests.pattern, new PendingRequests("my.box", new HandClock()).pattern);
  requests.failAll(new Error("over"));
});

Deno.test("the time-out rejects, and an answer after it is dropped", async () => {
  const clock = new HandClock();
  const requests = new PendingRequests("box", clock);
  let reply = "";
  const answer = requests.run("ask", { timeout: 7 }, (subject) => reply = subject);
  clock.fireAll();
  requests.settle(answerTo(reply));
  await rejects(answer, { name: "TimeoutError", message: /"ask".*7 ms/ });
});

Deno.test("an abort rejects with the reason, and an abort after the answer does nothing", async () => {
  const requests = new PendingRequests("box", new HandClock());
  const controller = new AbortController();
  let first = "";
  const answered = requests.run("ask", { signal: controller.signal }, (subject) => first = subject);
  const aborted = requests.run("ask", { signal: controller.signal }, () => {});
  requests.settle(answerTo(first));
  controller.abort("enough");
  equal((await answered).subject, first);
  await rejects(aborted, (reason) => reason === "enough");
});

Deno.test("an aborted signal sends nothing", async () => {
  const requests = new PendingRequests("box", new HandClock());
  let sent = 0;
  const signal = AbortSignal.abort("before");
  await rejects(requests.run("ask", { signal }, () => sent++), (reason) => reason === "before");
  equal(sent, 0);
});

Deno.test("refuse() and failAll() reject, each what it names", async () => {
  const requests = new PendingRequests("box", new HandClock());
  let reply = "";
  const refused = requests.run("nobody", {}, (subject) => reply = subject);
  const failed = requests.run("ask", {}, () => {});
  requests.refuse("box.unknown");
  requests.refuse(reply);
  await rejects(refused, { name: "NoRespondersError", message: /"nobody"/ });
  equal(requests.size, 1);
  const gone = new Error("gone");
  requests.failAll(gone);
  await rejects(failed, gone);
  equal(requests.size, 0);
});

Deno.test("what send() throws rejects, and leaves nothing behind", async () => {
  const clock = new HandClock();
  const requests = new PendingRequests("box", clock);
  const thrown = new RangeError("too large");
  await rejects(
    requests.run("ask", {}, () => {
      throw thrown;
    }),
    thrown,
  );
  equal(requests.size + clock.timers.size, 0);
});
