/** Requests against a clock that is turned by hand. @module */
import { equal, notEqual, ok, rejects } from "node:assert/strict";
import type { BusMessage } from "../../../bus/bus.ts";
import { PendingRequests } from "../../../bus/pending_requests.ts";
import { FakeClock } from "../../../testing/fake_clock.ts";

function answerTo(subject: string): BusMessage {
  return { subject, data: new Uint8Array([1]), reply: undefined, headers: undefined };
}

Deno.test("an answer settles its request, and leaves no timer and no listener behind", async () => {
  const clock = new FakeClock();
  const requests = new PendingRequests("box", clock);
  const { signal } = new AbortController();
  let reply = "";
  const answer = requests.run("ask", { signal }, (subject) => reply = subject);
  equal(requests.size, 1);
  requests.settle(answerTo(reply));
  equal((await answer).subject, reply);
  equal(requests.size, 0);
  equal(clock.pending, 0);
});

Deno.test("every request has a reply subject of its own below one pattern", () => {
  const requests = new PendingRequests("my.box", new FakeClock());
  const replies: string[] = [];
  for (let index = 0; index < 100; index++) {
    requests.run("ask", {}, (reply) => replies.push(reply)).catch(() => {});
  }
  equal(new Set(replies).size, 100);
  const prefix = requests.pattern.slice(0, -1);
  ok(/^my\.box\.\w+\.$/.test(prefix), prefix);
  for (const reply of replies) ok(reply.startsWith(prefix) && !reply.slice(prefix.length).includes("."), reply);
  notEqual(requests.pattern, new PendingRequests("my.box", new FakeClock()).pattern);
  requests.failAll(new Error("over"));
});

Deno.test("the time-out rejects, and an answer after it is dropped", async () => {
  const clock = new FakeClock();
  const requests = new PendingRequests("box", clock);
  let reply = "";
  const answer = requests.run("ask", { timeout: 7 }, (subject) => reply = subject);
  const patient = requests.run("ask", {}, () => {});
  clock.advance(6);
  equal(requests.size, 2);
  clock.advance(1);
  equal(requests.size, 1);
  requests.settle(answerTo(reply));
  await rejects(answer, { name: "TimeoutError", message: /"ask".*7 ms/ });
  clock.advance(4_993);
  await rejects(patient, { name: "TimeoutError", message: /5000 ms/ });
});

Deno.test("an abort rejects with the reason, and an abort after the answer does nothing", async () => {
  const requests = new PendingRequests("box", new FakeClock());
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
  const requests = new PendingRequests("box", new FakeClock());
  let sent = 0;
  const signal = AbortSignal.abort("before");
  await rejects(requests.run("ask", { signal }, () => sent++), (reason) => reason === "before");
  equal(sent, 0);
});

Deno.test("refuse() and failAll() reject, each what it names", async () => {
  const requests = new PendingRequests("box", new FakeClock());
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

Deno.test("failSubject() rejects the requests to that subject only", async () => {
  const requests = new PendingRequests("box", new FakeClock());
  const secret = requests.run("secret", {}, () => {});
  const open = requests.run("open", {}, () => {});
  const reason = new Error("not allowed");
  requests.failSubject("secret", reason);
  await rejects(secret, reason);
  equal(requests.size, 1);
  requests.failAll(reason);
  await rejects(open, reason);
});

Deno.test("what send() throws rejects, and leaves nothing behind", async () => {
  const clock = new FakeClock();
  const requests = new PendingRequests("box", clock);
  const thrown = new RangeError("too large");
  await rejects(
    requests.run("ask", {}, () => {
      throw thrown;
    }),
    thrown,
  );
  equal(requests.size + clock.pending, 0);
});
