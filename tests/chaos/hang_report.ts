/**
 * Where tasks are that do not settle: as their client sees them, and as scheduler and hub say.
 *
 * Each question is bounded, since the one who should answer may be what hangs. Called by `chaos_run.ts`.
 * @module
 */
import type { Client } from "../../mod.ts";
import { within } from "../../testing/within.ts";
import type { OpenTask } from "./ledger.ts";

const ANSWER_MS = 4_000;
/** More of them tell nothing new. */
const MOST = 12;

/** Some lines for each of the oldest tasks, and the queues as they are. */
export async function reportHangs(tasks: readonly OpenTask[], clients: readonly Client[]): Promise<string[]> {
  const lines = [`${tasks.length} tasks are not settled:`];
  for (const task of tasks.slice(0, MOST)) {
    const client = clients[task.client];
    if (client !== undefined) lines.push(...await reportTask(task, client));
  }
  const [client] = clients;
  if (client !== undefined) {
    lines.push(`queues: ${await answer(client.queueStatus({ verbose: true }))}`);
    lines.push(`engines as the client knows them: ${client.ids.join(", ")}`);
  }
  return lines;
}

async function reportTask({ entry, result, submittedAt }: OpenTask, client: Client): Promise<string[]> {
  const { msgId, status, engineId, attempts } = first(result.metadata);
  const seconds = ((Date.now() - submittedAt) / 1_000).toFixed(1);
  return [
    `- ${entry.kind} ${entry.id} ("${msgId}"), for ${seconds} s; client: ${status} on engine ${engineId}, ${attempts} attempts`,
    `  explain: ${await answer(client.explain(msgId))}`,
    `  record: ${await answer(client.dbQuery({ msgId }))}`,
    `  story: ${await answer(client.story(msgId))}`,
  ];
}

async function answer(question: PromiseLike<unknown>): Promise<string> {
  try {
    return JSON.stringify(await within(question, "an answer", ANSWER_MS));
  } catch (error) {
    return String(error);
  }
}

function first<T>(one: T | readonly T[]): T {
  return Array.isArray(one) ? one[0] : one as T;
}
