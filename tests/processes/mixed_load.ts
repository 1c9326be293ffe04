/**
 * Maps, graphs and retries without end, each checked, and each attempt written down by the task itself: so a test knows
 * what ran, and how often.
 *
 * For tests that kill controllers. Engines must be allowed to write the file.
 * @module
 */
import assert from "node:assert/strict";
import type { Client, LoadBalancedView } from "../../mod.ts";
import { within } from "../../testing/within.ts";

declare const currentTask: () => { readonly attempt: number };

const MAP_LENGTH = 16;
const TASK_MS = 15;
const ROUND_LIMIT_MS = 30_000;

/** What a load has done. */
export interface LoadReport {
  readonly rounds: number;
  /** Keys by how often they ran, where that is not as often as they were to. */
  readonly wrongRuns: readonly string[];
  /** When each attempt began, ms of the machine's clock, in order. */
  readonly starts: readonly number[];
}

async function noted(path: string, key: string, ms: number): Promise<string> {
  await Deno.writeTextFile(path, `${key} ${Date.now()}\n`, { append: true });
  await new Promise((resolve) => setTimeout(resolve, ms));
  return key;
}

async function map(view: LoadBalancedView, path: string, round: string): Promise<void> {
  const keys = Array.from({ length: MAP_LENGTH }, (_, index) => `${round}.map${index}`);
  assert.deepEqual(await view.map((key: string) => noted(path, key, TASK_MS), keys), keys);
}

async function graph(view: LoadBalancedView, path: string, round: string): Promise<void> {
  const left = view.apply(noted, path, `${round}.left`, TASK_MS);
  const right = view.with({ after: left }).apply(noted, path, `${round}.right`, TASK_MS);
  const both = view.apply(
    async (a: string, b: string) => {
      await noted(path, `${round}.both`, 1);
      return `${a} ${b}`;
    },
    left,
    right,
  );
  const last = view.with({ follow: both }).apply(noted, path, `${round}.last`, 1);
  assert.equal(await both, `${round}.left ${round}.right`);
  assert.equal(await last, `${round}.last`);
}

async function retry(view: LoadBalancedView, path: string, round: string): Promise<void> {
  const attempts = await view.with({ retries: 3 }).apply(async () => {
    await noted(path, `${round}.retry`, 1);
    if (currentTask().attempt < 2) throw new Error("once more");
    return currentTask().attempt;
  });
  assert.equal(attempts, 2);
}

/** A load that runs. */
export interface MixedLoad {
  /** Ends after the present round. Rejects with the first thing that went wrong. */
  finish(): Promise<LoadReport>;
}

/** Starts rounds, one after the other. `name` tells loads apart that write into one file. */
export function startLoad(client: Client, path: string, name = "r"): MixedLoad {
  const view = client.loadBalancedView();
  let rounds = 0;
  let isEnough = false;
  const running = (async () => {
    while (!isEnough) {
      const round = `${name}${rounds++}`;
      await Promise.all([map, graph, retry].map((job) => job(view, path, round)));
    }
    return { rounds, ...readRuns(await Deno.readTextFile(path), name, rounds) };
  })();
  // It is told by `finish`; a test that fails before has other worries.
  running.catch(() => {});
  return {
    finish() {
      isEnough = true;
      return within(running, "the last round of the load", ROUND_LIMIT_MS);
    },
  };
}

/** What the file says of the rounds of one load. */
function readRuns(text: string, name: string, rounds: number): Omit<LoadReport, "rounds"> {
  const runs = new Map<string, number>();
  const starts: number[] = [];
  for (const line of text.split("\n")) {
    const [key = "", at] = line.split(" ");
    if (!key.startsWith(name)) continue;
    runs.set(key, (runs.get(key) ?? 0) + 1);
    starts.push(Number(at));
  }
  const wrongRuns: string[] = [];
  const parts = [...Array.from({ length: MAP_LENGTH }, (_, index) => `map${index}`), "left", "right", "both", "last"];
  const expect = (key: string, times: number) => {
    if (runs.get(key) !== times) wrongRuns.push(`${key} ran ${runs.get(key) ?? 0} times, not ${times}`);
  };
  for (let round = 0; round < rounds; round++) {
    for (const part of parts) expect(`${name}${round}.${part}`, 1);
    expect(`${name}${round}.retry`, 2);
  }
  return { wrongRuns, starts: starts.sort((a, b) => a - b) };
}
