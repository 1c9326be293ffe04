/** CONNECT is read as strictly as `nats-server` reads it. @module */
import { deepEqual, equal } from "node:assert/strict";
import { fc } from "../../../deps/fast_check.ts";
import { type ConnectOptions, defaultConnectOptions, readConnect } from "../../../broker/connect_options.ts";

function read(json: string, before: ConnectOptions = defaultConnectOptions): ConnectOptions | undefined {
  return readConnect(new TextEncoder().encode(json), before);
}

Deno.test("every field is read, whatever the case of its name", () => {
  const json = '{"verbose":false,"Pedantic":false,"ECHO":false,"headers":true,"no_responders":true,"protocol":1,' +
    '"name":"n","user":"u","pass":"p","auth_token":"t","lang":"l","version":"1","tls_required":false,"extra":[1]}';
  deepEqual(read(json), {
    verbose: false,
    pedantic: false,
    echo: false,
    headers: true,
    noResponders: true,
    protocol: 1,
    name: "n",
    user: "u",
    password: "p",
    token: "t",
  });
});

Deno.test("what is not named keeps its value, and null names nothing", () => {
  deepEqual(read("{}"), defaultConnectOptions);
  deepEqual(read("null"), defaultConnectOptions);
  const before = { ...defaultConnectOptions, user: "u", echo: false };
  deepEqual(read('{"verbose":false,"user":null}', before), { ...before, verbose: false });
});

Deno.test("what is no object of the right types is refused", () => {
  for (
    const json of [
      "",
      "{",
      "[]",
      "1",
      '"x"',
      '{"verbose":1}',
      '{"user":5}',
      '{"protocol":"1"}',
      '{"protocol":1.5}',
      '{"lang":1}',
      "{} {}",
    ]
  ) equal(read(json), undefined, json);
});

Deno.test("any bytes are options or refused, and never change what names no field", () => {
  fc.assert(fc.property(fc.oneof(fc.json(), fc.string()), (json) => {
    const options = read(json);
    if (options !== undefined) deepEqual(Object.keys(options), Object.keys(defaultConnectOptions));
  }));
});
