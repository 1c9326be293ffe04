/** Broadcasts under the rights of the three roles, on either server. @module */
import assert from "node:assert/strict";
import { broadcastSubject } from "../../protocol/subjects.ts";
import { checkRefused, CLUSTER, ListeningHosts, publishNumbers, testRights } from "./role_rights.ts";

const SUBJECT = broadcastSubject(CLUSTER);

testRights("clients speak to all hosts at once and hosts hear it, and no more", async (connect) => {
  await using hosts = await ListeningHosts.on(SUBJECT, connect);
  await publishNumbers(connect, SUBJECT, 20);
  await checkRefused(connect, "client", (curious) => curious.subscribe(SUBJECT, () => {}));
  await checkRefused(connect, "host", (bold) => bold.publish(SUBJECT, new Uint8Array(1)));
  // Unlike in a queue group, everybody hears everything.
  assert.deepEqual(await hosts.heard(), Array.from({ length: 40 }, (_, i) => Math.floor(i / 2)));
});
