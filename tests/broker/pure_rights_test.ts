/** The queue group of the scheme `pure` under the rights of the three roles, on either server. @module */
import assert from "node:assert/strict";
import { PURE_QUEUE_GROUP, pureSubject } from "../../protocol/subjects.ts";
import { checkRefused, CLUSTER, ListeningHosts, publishNumbers, testRights } from "./role_rights.ts";

const SUBJECT = pureSubject(CLUSTER);
const IN_GROUP = { queue: PURE_QUEUE_GROUP };

testRights("clients and hosts publish to engines and hosts take from these, and no more", async (connect) => {
  await using hosts = await ListeningHosts.on(SUBJECT, connect, IN_GROUP);
  await publishNumbers(connect, SUBJECT, 20);
  await checkRefused(connect, "client", (curious) => curious.subscribe(SUBJECT, () => {}, IN_GROUP));
  // For the tasks of its engines a host may submit as a client does, to its own cluster.
  await checkRefused(connect, "host", (bold) => bold.publish(pureSubject("red"), new Uint8Array(1)));
  assert.deepEqual(await hosts.heard(), Array.from({ length: 20 }, (_, index) => index));
});
