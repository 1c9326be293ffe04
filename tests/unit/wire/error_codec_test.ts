/** Errors across the wire: class, name, stack, cause and fields; and that encoding one never fails. @module */
import assert from "node:assert/strict";
import { fc } from "../../../deps/fast_check.ts";
import { decodeError, encodeError, toRemoteError } from "../../../wire/error_codec.ts";
import * as errors from "../../../wire/errors.ts";
import { decodeValue, encodeValue } from "../../../wire/value_codec.ts";
import { anyString, anyValue, hostileBytes, mutated, RUNS } from "./arbitrary_values.ts";

function trip(value: unknown): unknown {
  return decodeError(encodeError(value));
}

const BUILT_IN = [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError] as const;

for (const Class of BUILT_IN) {
  Deno.test(`a ${Class.name} comes back as one, with stack, cause and own properties`, () => {
    const error = Object.assign(new Class("broke", { cause: new RangeError("deep") }), { code: "E_X", at: [1n] });
    const back = trip(error) as Error & { code: string; at: bigint[] };
    assert.ok(back instanceof Class);
    assert.equal(Object.getPrototypeOf(back), Class.prototype);
    assert.equal(back.stack, error.stack);
    assert.ok(back.cause instanceof RangeError);
    assert.equal(back.cause.stack, (error.cause as Error).stack);
    assert.deepStrictEqual([back.code, back.at], ["E_X", [1n]]);
    assert.deepStrictEqual(Object.keys(back), ["code", "at"]);
  });
}

const OWN = Object.values(errors).filter((Class) => Class !== errors.CompositeError && Class !== errors.RemoteError);

for (const Class of OWN as (new (message: string, options?: ErrorOptions) => errors.TroupeError)[]) {
  Deno.test(`a ${Class.name} comes back as one, with its code`, () => {
    const error = new Class("what and why", { cause: new TypeError("first") });
    const back = trip(error) as errors.TroupeError;
    assert.equal(Object.getPrototypeOf(back), Class.prototype);
    assert.deepStrictEqual([back.name, back.code, back.message], [error.name, error.code, error.message]);
    assert.equal(back.stack, error.stack);
    assert.ok(back.cause instanceof TypeError);
  });
}

Deno.test("a RemoteError comes back with its fields", () => {
  const details = { remoteName: "TypeError", remoteStack: "TypeError: x\n    at y", engineId: 3, msgId: "abc-1" };
  const back = trip(
    new errors.RemoteError("it threw", { ...details, cause: new TypeError("x") }),
  ) as errors.RemoteError;
  assert.ok(back instanceof errors.RemoteError);
  const { remoteName, remoteStack, engineId, msgId } = back;
  assert.deepStrictEqual({ remoteName, remoteStack, engineId, msgId }, details);
  assert.ok(back.cause instanceof TypeError);
});

Deno.test("AggregateError and CompositeError come back with their errors and their message", () => {
  const parts = [new TypeError("a"), "text", new AggregateError([new Error("inner")], "middle")];
  const aggregate = trip(new AggregateError(parts, "several")) as AggregateError;
  assert.equal(Object.getPrototypeOf(aggregate), AggregateError.prototype);
  assert.deepStrictEqual(aggregate.errors, parts);
  const composite = trip(new errors.CompositeError(parts, 10)) as errors.CompositeError;
  assert.ok(composite instanceof errors.CompositeError && composite instanceof errors.TroupeError);
  assert.match(composite.message, /^3 of 10 tasks failed/);
  assert.deepStrictEqual(composite.errors, parts);
});

Deno.test("a DOMException stays one, and is not taken for ours of the same name", () => {
  const back = trip(new DOMException("took too long", "TimeoutError")) as DOMException;
  assert.ok(back instanceof DOMException && !(back instanceof errors.TimeoutError));
  assert.deepStrictEqual([back.name, back.message, back.code], ["TimeoutError", "took too long", 23]);
});

Deno.test("an error of an unknown class comes back as an Error of that name", () => {
  class QuotaExceeded extends RangeError {
    override name = "QuotaExceeded";
    limit = 7;
  }
  const back = trip(new QuotaExceeded("too much")) as Error & { limit: number };
  assert.equal(Object.getPrototypeOf(back), Error.prototype);
  assert.deepStrictEqual([back.name, back.message, back.limit], ["QuotaExceeded", "too much", 7]);
  assert.equal(String(back), "QuotaExceeded: too much");
});

Deno.test("another library's TimeoutError isn't taken for ours", () => {
  const theirs = Object.assign(new Error("theirs"), { name: "TimeoutError", code: "ETIMEDOUT" });
  const back = trip(theirs) as Error & { code: string };
  assert.ok(!(back instanceof errors.TroupeError));
  assert.deepStrictEqual([back.name, back.code], ["TimeoutError", "ETIMEDOUT"]);
});

Deno.test("an errors property of an ordinary error is kept", () => {
  const back = trip(Object.assign(new Error("invalid"), { errors: [{ path: "a" }] })) as Error & { errors: unknown };
  assert.deepStrictEqual(back.errors, [{ path: "a" }]);
});

Deno.test("cause is kept apart from no cause", () => {
  assert.ok("cause" in (trip(new Error("e", { cause: undefined })) as Error));
  assert.ok(!("cause" in (trip(new Error("e")) as Error)));
});

Deno.test("what can't travel in an error is replaced by words", () => {
  const error = Object.assign(new Error("socket broke"), {
    socket: new WeakMap(),
    retry: () => 1,
    self: null as unknown,
  });
  error.self = error;
  error.cause = { error };
  const back = trip(error) as Error & { socket: string; retry: string; self: string };
  assert.equal(back.message, "socket broke");
  assert.equal(back.socket, "an instance of WeakMap");
  assert.equal(back.retry, "the function retry");
  assert.equal(back.self, "an instance of Error");
  assert.deepStrictEqual(back.cause, { error: "an instance of Error" });
});

Deno.test("an error with a property that hides a method can still be printed", () => {
  const back = trip(Object.assign(new Error("odd"), { toString: 1, constructor: 2, ok: 3 })) as Error & { ok: number };
  assert.equal(String(back), "Error: odd");
  assert.equal(back.ok, 3);
});

const hostileThings: readonly (() => unknown)[] = [
  () => undefined,
  () => null,
  () => "text",
  () => Symbol("s"),
  () => () => 1,
  () => Promise.resolve(),
  () => new Proxy({}, { getPrototypeOf: () => fail(), get: () => fail() }),
  () => Proxy.revocable({}, {}).proxy,
  () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    return proxy;
  },
  () => Object.defineProperty(new Error("m"), "message", { get: () => fail() }),
  () => Object.defineProperty(new Error("m"), "stack", { get: () => fail() }),
  () => Object.defineProperty(new Error("m"), "extra", { get: () => fail(), enumerable: true }),
  () => Object.assign(new Error("m"), { name: Symbol("no string") }),
  () => Object.assign(new Error("m"), { message: { toString: null } }),
  () => Object.defineProperty(new Error("m"), "name", { value: null }),
  () => {
    const map = new Map();
    map.set(map, map);
    return map;
  },
  () => {
    let deep: unknown = 1;
    for (let level = 0; level < 20_000; level++) deep = new Error("e", { cause: deep });
    return deep;
  },
  () => Object.create(Object.create(null, { constructor: { get: () => fail() } })),
];

function fail(): never {
  throw new Error("not to be read");
}

Deno.test("encodeError never throws, and what it made can be decoded and shown", () => {
  for (const make of hostileThings) {
    const bytes = encodeError(make());
    decodeError(bytes);
    const remote = toRemoteError(bytes);
    assert.ok(String(remote).startsWith("RemoteError: The other side threw "), String(remote));
  }
});

Deno.test("encodeError takes any value as encodeValue does", () => {
  fc.assert(
    fc.property(anyValue, (value) => assert.deepStrictEqual(trip(value), decodeValue(encodeValue(value)))),
    RUNS,
  );
});

Deno.test("a RemoteError says where, what and why, and shows the remote stack", () => {
  const error = new TypeError("x is not a function");
  error.stack = "TypeError: x is not a function\n    at work (file:///tasks.ts:3:7)\n    at file:///tasks.ts:9:1";
  const remote = toRemoteError(encodeError(error), { engineId: 2, msgId: "abc-7" });
  assert.equal(remote.message, 'Task "abc-7" on engine 2 threw TypeError: x is not a function');
  assert.deepStrictEqual([remote.remoteName, remote.engineId, remote.msgId], ["TypeError", 2, "abc-7"]);
  assert.equal(remote.remoteStack, error.stack);
  assert.ok(remote.cause instanceof TypeError);
  assert.equal(
    remote.stack,
    `RemoteError: ${remote.message}\n    at work (file:///tasks.ts:3:7)\n    at file:///tasks.ts:9:1`,
  );
});

Deno.test("a RemoteError contains the remote message, whatever it is", () => {
  fc.assert(
    fc.property(anyString, (message) => {
      const remote = toRemoteError(encodeError(new Error(message)));
      assert.ok(remote.message.includes(message));
      assert.ok((remote.stack ?? "").startsWith(`RemoteError: ${remote.message}`));
    }),
    RUNS,
  );
});

Deno.test("a thrown value that is no error is described", () => {
  assert.equal(toRemoteError(encodeError("boom"), { engineId: 1 }).message, 'Engine 1 threw "boom"');
  assert.equal(toRemoteError(encodeError("boom")).remoteName, "string");
  assert.equal(toRemoteError(encodeError({ a: 1 })).message, "The other side threw an instance of Object");
  assert.deepStrictEqual(toRemoteError(encodeError({ a: 1 })).cause, { a: 1 });
});

Deno.test("any bytes become a RemoteError or a SerializationError", () => {
  const check = (bytes: Uint8Array) => {
    try {
      assert.ok(toRemoteError(bytes) instanceof errors.RemoteError);
    } catch (error) {
      assert.ok(error instanceof errors.SerializationError, String(error));
    }
  };
  fc.assert(fc.property(hostileBytes, check), { numRuns: 1_000 });
  fc.assert(fc.property(mutated(anyValue.map((value) => encodeError(new Error("e", { cause: value })))), check), {
    numRuns: 1_000,
  });
});
