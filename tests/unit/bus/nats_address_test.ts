/** Addresses of servers, with and without credentials in them. @module */
import { deepEqual, throws } from "node:assert/strict";
import { resolveNatsAddress } from "../../../bus/nats_address.ts";

Deno.test("resolveNatsAddress() fills in scheme and port, from a list or from commas", () => {
  const wanted = {
    servers: ["nats://a:4222", "nats://b:5000"],
    credentials: undefined,
    secure: false,
    names: '"nats://a:4222", "nats://b:5000"',
  };
  deepEqual(resolveNatsAddress(["a", "nats://b:5000"]), wanted);
  deepEqual(resolveNatsAddress("a, b:5000"), wanted);
  deepEqual(resolveNatsAddress("tls://[::1]:4443").servers, ["tls://[::1]:4443"]);
});

Deno.test("resolveNatsAddress() takes credentials out of the URL", () => {
  const login = resolveNatsAddress("nats://me:p%40ss@a");
  deepEqual([login.servers, login.credentials, login.names], [
    ["nats://a:4222"],
    { user: "me", pass: "p@ss" },
    '"nats://a:4222"',
  ]);
  deepEqual(resolveNatsAddress("nats://tok@a").credentials, { token: "tok" });
});

Deno.test("one tls:// in a list forbids the clear for all of it", () => {
  deepEqual(resolveNatsAddress("tls://a").secure, true);
  deepEqual(resolveNatsAddress("a,tls://b").secure, true);
  deepEqual(resolveNatsAddress("a,nats://b").secure, false);
});

Deno.test("resolveNatsAddress() refuses what is no address, and does not print passwords", () => {
  for (const bad of ["", "http://a", "nats://", "nats://a:port", "a b"]) {
    throws(() => resolveNatsAddress(bad), { name: "TypeError", message: /nats:\/\/host:port/ }, bad);
  }
  throws(() => resolveNatsAddress([]), { name: "TypeError", message: /empty/ });
  throws(() => resolveNatsAddress("http://me:hidden@a"), (error) => !String(error).includes("hidden"));
});
