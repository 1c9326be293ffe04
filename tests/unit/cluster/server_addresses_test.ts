import assert from "node:assert/strict";
import { localServers, type MachineAddress, outsideServers } from "../../../cluster/server_addresses.ts";

const MACHINE: readonly MachineAddress[] = [
  { address: "127.0.0.1", family: "IPv4" },
  { address: "10.0.0.5", family: "IPv4" },
  { address: "169.254.1.1", family: "IPv4" },
  { address: "192.168.1.5", family: "IPv4" },
  { address: "::1", family: "IPv6" },
  { address: "fe80::1", family: "IPv6" },
  { address: "2001:db8::5", family: "IPv6" },
];

Deno.test("a broker on one address is reached there, from everywhere", () => {
  for (const server of ["nats://10.0.0.5:4222", "nats://[::1]:4222", "tls://nats.example:4222"]) {
    assert.deepEqual(localServers([server]), [server]);
    assert.deepEqual(outsideServers([server], MACHINE), [server]);
  }
});

Deno.test("a broker on all addresses is reached on loopback from here, and on the outer ones from elsewhere", () => {
  assert.deepEqual(localServers(["nats://0.0.0.0:4222"]), ["nats://127.0.0.1:4222"]);
  assert.deepEqual(outsideServers(["nats://0.0.0.0:4222"], MACHINE), [
    "nats://10.0.0.5:4222",
    "nats://192.168.1.5:4222",
  ]);
  assert.deepEqual(localServers(["nats://[::]:4222"]), ["nats://127.0.0.1:4222"]);
  assert.deepEqual(outsideServers(["nats://[::]:4222"], MACHINE), [
    "nats://10.0.0.5:4222",
    "nats://192.168.1.5:4222",
    "nats://[2001:db8::5]:4222",
  ]);
});

Deno.test("a machine without outer addresses names what it listens on", () => {
  assert.deepEqual(outsideServers(["nats://0.0.0.0:4222"], MACHINE.slice(0, 1)), ["nats://0.0.0.0:4222"]);
});
