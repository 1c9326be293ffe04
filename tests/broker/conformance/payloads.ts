/** What a message carries: bytes and headers, up to a size. @module */
import { deepEqual, equal, throws } from "node:assert/strict";
import type { Bus, BusHeaders, BusMessage, PublishOptions } from "../../../bus/bus.ts";
import { bytes, type ConformanceCase, inlet, settle } from "./case.ts";
import { within } from "../../../testing/within.ts";

export const payloadCases: readonly ConformanceCase[] = [
  {
    name: "bytes of every value arrive unchanged",
    async run(server) {
      const bus = await server.connect();
      const every = Uint8Array.from({ length: 1_024 }, (_, index) => index % 256);
      deepEqual(new Uint8Array((await sendToSelf(bus, every)).data), every);
    },
  },
  {
    name: "an empty payload arrives as empty",
    async run(server) {
      const bus = await server.connect();
      const got = await sendToSelf(bus, new Uint8Array(0));
      equal(got.data.length, 0);
      equal(got.reply, undefined);
      equal(got.headers, undefined);
    },
  },
  {
    name: "a view into a larger buffer sends only its part",
    async run(server) {
      const bus = await server.connect();
      const got = await sendToSelf(bus, bytes("abcdef").subarray(2, 4));
      deepEqual([...got.data], [...bytes("cd")]);
    },
  },
  {
    name: "the bytes may be changed as soon as publish() returns",
    async run(server) {
      const bus = await server.connect();
      for (const size of [8, 70_000]) {
        const data = new Uint8Array(size).fill(1);
        const got = await sendToSelf(bus, data, {}, () => data.fill(2));
        deepEqual(new Uint8Array(got.data), new Uint8Array(size).fill(1));
      }
    },
  },
  {
    name: "a payload of exactly maxPayload arrives, one byte more is a RangeError and nothing is sent",
    async run(server) {
      const bus = await server.connect();
      const full = new Uint8Array(bus.maxPayload).fill(7);
      equal((await sendToSelf(bus, full)).data.length, bus.maxPayload);
      const box = await inlet(bus, ">");
      throws(() => bus.publish("large", new Uint8Array(bus.maxPayload + 1)), {
        name: "RangeError",
        message: new RegExp(`${bus.maxPayload + 1} bytes to "large".*${bus.maxPayload}`),
      });
      await settle(bus);
      deepEqual(box.texts, []);
      equal(bus.status, "connected");
    },
  },
  {
    name: "headers count towards maxPayload",
    async run(server) {
      const bus = await server.connect();
      const headers: BusHeaders = [["A", "b"]];
      const room = bus.maxPayload - "NATS/1.0\r\nA: b\r\n\r\n".length;
      equal((await sendToSelf(bus, new Uint8Array(room), { headers })).data.length, room);
      throws(() => bus.publish("large", new Uint8Array(room + 1), { headers }), { name: "RangeError" });
    },
  },
  {
    name: "headers keep their names, values and the order of values",
    async run(server) {
      const bus = await server.connect();
      const headers: BusHeaders = [
        ["Plain", "value"],
        ["many", "first"],
        ["many", "second"],
        ["many", "first"],
        ["lower-and-UPPER", "a: b, c"],
        ["unicode", "grüße 日本語 🎭"],
        ["empty", ""],
      ];
      const got = await sendToSelf(bus, bytes("x"), { headers });
      deepEqual(got.headers, headers);
      deepEqual([...got.data], [...bytes("x")]);
    },
  },
  {
    name: "headers travel with an empty payload and a reply too, and none is not the same as some",
    async run(server) {
      const bus = await server.connect();
      const got = await sendToSelf(bus, new Uint8Array(0), { headers: [["a", "b"]], reply: "answer.here" });
      deepEqual(got.headers, [["a", "b"]]);
      equal(got.data.length, 0);
      equal(got.reply, "answer.here");
      equal((await sendToSelf(bus, bytes("x"), { headers: [] })).headers, undefined);
    },
  },
  {
    name: "headers that cannot be written are refused before anything is sent",
    async run(server) {
      const bus = await server.connect();
      const box = await inlet(bus, ">");
      for (const bad of [["", "x"], ["a b", "x"], ["a:b", "x"], ["a", "x\r\ny"], ["a", " x"], ["ä", "x"]] as const) {
        throws(() => bus.publish("headers", bytes("x"), { headers: [bad] }), { name: "TypeError" }, bad.join("|"));
      }
      await settle(bus);
      deepEqual(box.texts, []);
    },
  },
];

/** Publishes to a subscription of the same connection, and gives what arrived. */
function sendToSelf(
  bus: Bus,
  data: Uint8Array,
  options: PublishOptions = {},
  afterwards: () => void = () => {},
): Promise<BusMessage> {
  return within(
    new Promise<BusMessage>((resolve) => {
      bus.subscribe("to.self", resolve, { max: 1 });
      bus.publish("to.self", data, options);
      afterwards();
    }),
    "a message to the sender",
  );
}
