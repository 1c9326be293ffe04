/** What a bus over a router adds to the conformance suite: outages in the middle of things, and bad listeners. @module */
import { deepEqual, equal, rejects } from "node:assert/strict";
import type { BusHeaders, BusMessage, BusStatus } from "../../../bus/bus.ts";
import { type Router, RouterBus } from "../../../bus/router_bus.ts";

/** A router that only writes down what it is asked. */
class ListRouter implements Router {
  readonly maxPayload = 100;
  readonly published: [string, Uint8Array, string | undefined, BusHeaders | undefined][] = [];
  readonly listening: { pattern: string; queue: string | undefined; deliver: (message: BusMessage) => void }[] = [];
  receivers = 1;

  subscribe(pattern: string, queue: string | undefined, deliver: (message: BusMessage) => void): () => void {
    const entry = { pattern, queue, deliver };
    this.listening.push(entry);
    return () => void this.listening.splice(this.listening.indexOf(entry), 1);
  }

  publish(subject: string, data: Uint8Array, reply: string | undefined, headers: BusHeaders | undefined): number {
    this.published.push([subject, data, reply, headers]);
    return this.receivers;
  }

  deliver(subject: string, data: Uint8Array = new Uint8Array(0)): void {
    for (const { deliver } of [...this.listening]) deliver({ subject, data, reply: undefined, headers: undefined });
  }
}

Deno.test("the router gets queue, reply and headers as they were given, and no empty headers", () => {
  const router = new ListRouter();
  const bus = new RouterBus(router);
  bus.subscribe("a.*", () => {}, { queue: "crew" });
  deepEqual(router.listening.map(({ pattern, queue }) => [pattern, queue]), [["a.*", "crew"]]);
  const data = new Uint8Array([1]);
  bus.publish("a", data, { reply: "r", headers: [["k", "v"]] });
  bus.publish("a", data, { headers: [] });
  deepEqual(router.published, [["a", data, "r", [["k", "v"]]], ["a", data, undefined, undefined]]);
});

Deno.test("delivered bytes are copied before the router may use its buffer again", async () => {
  const router = new ListRouter();
  const bus = new RouterBus(router);
  const heard: number[][] = [];
  bus.subscribe("a", (message) => heard.push([...message.data]));
  const buffer = new Uint8Array([1, 2]);
  router.deliver("a", buffer);
  buffer.fill(9);
  await bus.flush();
  deepEqual(heard, [[1, 2]]);
});

Deno.test("an outage drops what is on its way, ends a flush, and takes subscriptions from the router", async () => {
  const router = new ListRouter();
  const bus = new RouterBus(router);
  const seen: [BusStatus, Error | undefined][] = [];
  bus.onStatus((status, cause) => seen.push([status, cause]));
  let calls = 0;
  bus.subscribe("a", () => calls++);
  router.deliver("a");
  const flushed = bus.flush();
  const cause = new Error("pulled");
  bus.disconnect(cause);
  bus.disconnect(cause);
  await flushed;
  equal(calls, 0);
  equal(router.listening.length, 0);
  bus.reconnect();
  bus.reconnect();
  router.deliver("a");
  await bus.flush();
  equal(calls, 1);
  deepEqual(seen, [["disconnected", cause], ["connected", undefined]]);
});

Deno.test("a maximum counts arrivals, so that a queue group's others get the rest", async () => {
  const router = new ListRouter();
  const bus = new RouterBus(router);
  let calls = 0;
  bus.subscribe("a", () => calls++, { max: 2, queue: "crew" });
  router.deliver("a");
  router.deliver("a");
  equal(router.listening.length, 0);
  await bus.flush();
  equal(calls, 2);
});

Deno.test("a message that an outage dropped does not count towards the maximum", async () => {
  const router = new ListRouter();
  const bus = new RouterBus(router);
  let calls = 0;
  bus.subscribe("a", () => calls++, { max: 2 });
  router.deliver("a");
  bus.disconnect();
  bus.reconnect();
  for (let index = 0; index < 3; index++) router.deliver("a");
  await bus.flush();
  equal(calls, 2);
});

Deno.test("a request whose message reaches nobody is refused, one that reaches somebody waits", async () => {
  const router = new ListRouter();
  const bus = new RouterBus(router);
  const waiting = bus.request("a", new Uint8Array(0));
  router.receivers = 0;
  await rejects(bus.request("a", new Uint8Array(0)), { name: "NoRespondersError" });
  equal(router.listening.length, 1);
  router.deliver(router.published[0]?.[2] ?? "");
  await waiting;
});

Deno.test("a status listener that throws is reported, and the others are told", () => {
  const errors: Error[] = [];
  const bus = new RouterBus(new ListRouter(), { onError: (error) => errors.push(error) });
  const seen: BusStatus[] = [];
  bus.onStatus(() => {
    throw new Error("bad listener");
  });
  bus.onStatus((status) => seen.push(status));
  bus.disconnect();
  deepEqual(seen, ["disconnected"]);
  deepEqual(errors.map((error) => error.message), ["bad listener"]);
});

Deno.test("what a handler throws reaches onError as an Error, whatever it is", async () => {
  const errors: Error[] = [];
  const router = new ListRouter();
  const bus = new RouterBus(router, { onError: (error) => errors.push(error) });
  bus.subscribe("a", () => {
    throw "text";
  });
  router.deliver("a");
  await bus.flush();
  deepEqual(errors.map((error) => [error.message, error.cause]), [["text", "text"]]);
});
