/** Who the scheduler talks to: those that are there, and nobody else. @module */
import assert from "node:assert/strict";
import { ActorSystem } from "../../../actors/actor_system.ts";
import type { HostId, Session } from "../../../protocol/ids.ts";
import { Receivers } from "../../../scheduler/receivers.ts";

const host = "box" as HostId;
const session = "aaaaaaaaaa" as Session;

Deno.test("what is for a host or client that is gone is dropped, until it is there again", async () => {
  await using system = ActorSystem.local();
  const receivers = new Receivers(system, () => {});
  const sent: string[] = [];
  const sendAll = () => {
    receivers.toHost(host, () => sent.push("host"));
    receivers.toClient(session, () => sent.push("client"));
  };
  sendAll();
  assert.deepEqual(sent, [], "nobody has come yet");
  receivers.host(host);
  receivers.client(session);
  sendAll();
  assert.deepEqual(sent, ["host", "client"]);
  receivers.forgetHost(host);
  receivers.forgetClient(session);
  sendAll();
  assert.equal(sent.length, 2, "a message to a node that is gone would look for it again");
  receivers.host(host);
  sendAll();
  assert.deepEqual(sent, ["host", "client", "host"]);
});
