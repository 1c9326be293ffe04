/**
 * One chaos run from its beginning to its account: warm up, storm, drain, count, stop, look for what is left.
 *
 * Each wait is bounded: what hangs ends the run, with a report of where the tasks are. Called by `main.ts` and by the
 * short run among the process tests.
 * @module
 */
import type { Client } from "../../mod.ts";
import { within } from "../../testing/within.ts";
import { type Account, makeAccount } from "./account.ts";
import { type Census, countProcesses, leaksBetween } from "./census.ts";
import { ChaosCluster, type ClusterShape } from "./chaos_cluster.ts";
import { reportHangs } from "./hang_report.ts";
import { Ledger, type LedgerLine } from "./ledger.ts";
import { Load } from "./load.ts";
import { readNotes } from "./notes.ts";
import { measureRecovery, type Recovery } from "./recovery.ts";
import { quietCensus } from "./quiet_census.ts";
import { Storm, type StormOptions } from "./storm.ts";
import type { StruckFault } from "./strike.ts";

/** What to run. */
export interface ChaosRunOptions extends StormOptions {
  readonly shape: ClusterShape;
  /** Load without faults before, ms: then memory and descriptors are counted. */
  readonly warmUpMs: number;
  /** Jobs at a time. */
  readonly lanes: number;
  /** A job that takes longer hangs, ms. */
  readonly hungAfterMs: number;
  /** Everything of it goes below this folder. */
  readonly folder: string;
}

/** What came of it. */
export interface ChaosResult {
  readonly seed: number;
  readonly jobs: number;
  readonly faults: readonly StruckFault[];
  readonly recoveries: readonly Recovery[];
  readonly account: Account;
  readonly before: Census;
  readonly after: Census;
  /** All that must not be, in words; none: the run is clean. */
  readonly findings: readonly string[];
  /** Where hanging tasks are; empty where none hangs. */
  readonly hangs: readonly string[];
}

/** After these a controller without a journal knows only what clients and hosts say. */
/** What keeps a controller from hearing anybody. */
const DEAFENS = /^(controller|keeper|server) /;
const FORGETS: ReadonlySet<string> = new Set(["controller killed", "keeper killed"]);
/** A silence that is shorter costs no host. */
const GIVEN_UP_MS = 2_500;
/** Findings that are said when they are found; the report has more. */
const MOST_SAID = 20;
const START_LIMIT_MS = 60_000;
const STOP_LIMIT_MS = 40_000;
/** In all that is quiet again: descriptors of a socket that is just being made, memory that waits to be collected. */
const LEAK_BOUNDS = { descriptors: 3, memoryFactor: 1.5, memoryMb: 60 };

/** Runs it. Rejects only for what is wrong with the run itself: a cluster that does not start, say. */
export async function runChaos(options: ChaosRunOptions): Promise<ChaosResult> {
  const { folder, shape, say } = options;
  const findings: string[] = [];
  const find = (text: string) => {
    if (findings.push(text) <= MOST_SAID) say(`FINDING ${text}`);
  };
  await using cluster = await within(ChaosCluster.start(folder, shape, find), "the cluster to start", START_LIMIT_MS);
  for (const pid of cluster.newPids()) options.onProcess?.(pid);
  const clients = await Promise.all(Array.from({ length: shape.clients }, (_, index) => cluster.connect(index + 1)));
  using ledger = new Ledger(`${folder}/ledger.jsonl`);
  const notes = `${folder}/notes.txt`;
  await Deno.writeTextFile(notes, "");
  const load = new Load({ ...options, clients, ledger, notes });
  const engines = shape.hosts * shape.engines;
  const hangs: string[] = [];

  const phase = async (what: string, work: Promise<unknown>): Promise<boolean> => {
    const hung = await Promise.race([work.then(() => null), load.hung]);
    if (hung === null) return true;
    find(`job ${hung.number} ("${hung.kind}") hangs while ${what}`);
    hangs.push(...await reportHangs(ledger.open, clients));
    return false;
  };

  await within(clients[0]?.waitForEngines(engines) ?? Promise.resolve(), `${engines} engines`, START_LIMIT_MS);
  say(`${engines} engines on ${shape.hosts} hosts; warming up for ${options.warmUpMs} ms`);
  load.go();
  let goesOn = await phase("warming up", pause(options.warmUpMs).then(() => load.drain()));
  const before = goesOn ? await quietCensus(cluster, clients, find) : {};
  const storm = new Storm(cluster, options, find);
  if (goesOn) {
    load.go();
    goesOn = await phase("faults come", storm.run());
  }
  if (goesOn) goesOn = await phase("all is mended", load.drain());
  await storm.end();
  const after = goesOn ? await quietCensus(cluster, clients, find) : {};
  if (goesOn) leaksBetween(before, after, LEAK_BOUNDS).forEach((leak) => find(`leak: ${leak}`));
  load.mistakes.forEach(find);
  ledger.seal();
  await endAll(cluster, clients, goesOn, find);
  const { account, recoveries } = await settleAccounts(folder, cluster, storm.faults);
  for (const { rule, id, text } of account.findings) find(`${rule}: ${id}: ${text}`);
  return {
    seed: options.seed,
    jobs: load.jobs,
    faults: storm.faults,
    recoveries,
    account,
    before,
    after,
    findings,
    hangs,
  };
}

/** Closes the clients, stops the cluster, and looks for processes and folders that stay. */
async function endAll(
  cluster: ChaosCluster,
  clients: readonly Client[],
  orderly: boolean,
  find: (text: string) => void,
): Promise<void> {
  const closing = Promise.all(clients.map((client) => client.close()));
  await within(closing, "the clients to close", STOP_LIMIT_MS).catch((error) => find(String(error)));
  if (!orderly) return;
  await within(cluster.stop(), "the cluster to stop", STOP_LIMIT_MS).catch((error) => find(`stop: ${error}`));
  const left = countProcesses(`${cluster.folder}/tmp`).filter(({ role }) => role !== "client");
  if (left.length > 0) find(`leak: processes that stay: ${JSON.stringify(left)}`);
  const folders = [...Deno.readDirSync(`${cluster.folder}/tmp`)].map(({ name }) => name);
  if (folders.length > 0) find(`leak: temporary files that stay: ${folders.join(", ")}`);
}

async function settleAccounts(folder: string, cluster: ChaosCluster, faults: readonly StruckFault[]) {
  const attempts = readNotes(await Deno.readTextFile(`${folder}/notes.txt`));
  const lines = (await Deno.readTextFile(`${folder}/ledger.jsonl`)).trim().split("\n");
  const ledger = lines.filter((line) => line !== "").map((line) => JSON.parse(line) as LedgerLine);
  const hostPids = new Map(cluster.hosts.map(({ name, pids }) => [name, pids]));
  const forgotAt = cluster.shape.store !== "memory"
    ? []
    : faults.flatMap(({ kind, at }) => FORGETS.has(kind) ? at : []);
  const troubles = faults.map((fault) => ({ at: fault.at, until: fault.until, lost: lostBy(fault, hostPids) }));
  const deaf = faults.filter(({ kind }) => DEAFENS.test(kind));
  return {
    account: makeAccount({ ledger, attempts, troubles, deaf, forgotAt }),
    recoveries: measureRecovery({ faults, ledger, attempts, hostPids }),
  };
}

/** The processes of hosts that a fault may have cost. An engine that dies is known at once, and exactly. */
function lostBy(
  { thing, host, pid, kind, at, until }: StruckFault,
  hostPids: ReadonlyMap<string, readonly number[]>,
): readonly number[] | null {
  const isFelt = until - at >= GIVEN_UP_MS || kind === "host killed";
  // A controller that was stopped has to find out what it missed before it gives anybody up.
  const isJudge = /^controller |^link of client/.test(thing ?? "");
  if (thing === null || pid !== null || !isFelt || isJudge) return [];
  return host === null ? null : hostPids.get(host) ?? [];
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
