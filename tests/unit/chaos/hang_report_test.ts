/** What is said of tasks that hang. @module */
import assert from "node:assert/strict";
import { reportHangs } from "../../chaos/hang_report.ts";
import type { OpenTask } from "../../chaos/ledger.ts";
import type { AsyncResult, Client } from "../../../mod.ts";

function task(number: number): OpenTask {
  const metadata = { msgId: `s-${number}`, status: "running", engineId: 4, attempts: 2 };
  return {
    entry: { id: `${number}.0`, kind: "map", retries: 1, mayFail: [] },
    result: { metadata } as unknown as AsyncResult<unknown, boolean>,
    client: 0,
    submittedAt: Date.now() - 90_000,
  };
}

const client = {
  ids: [0, 4],
  explain: (id: string) => Promise.resolve({ cause: "assigned", text: `Task "${id}" runs on engine 4.` }),
  dbQuery: () => Promise.reject(new Error("the hub is away")),
  story: () => Promise.resolve([{ at: 1, text: "was submitted" }]),
  queueStatus: () => Promise.resolve({ unassigned: 0 }),
} as unknown as Client;

Deno.test("each of the oldest tasks is told with what client, scheduler and hub say, also where one does not answer", async () => {
  const lines = await reportHangs(Array.from({ length: 40 }, (_, index) => task(index)), [client]);
  const text = lines.join("\n");
  assert.match(text, /^40 tasks are not settled:/);
  assert.match(text, /- map 0\.0 \("s-0"\), for 9\d\.\d s; client: running on engine 4, 2 attempts/);
  assert.match(text, /explain: .*runs on engine 4/);
  assert.match(text, /record: Error: the hub is away/);
  assert.match(text, /story: .*was submitted/);
  assert.match(text, /queues: \{"unassigned":0\}/);
  assert.match(text, /engines as the client knows them: 0, 4$/);
  assert.ok(!text.includes("map 39.0"));
});
