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
import { type Census, censusOf, countProcesses, leaksBetween } from "./census.ts";
import { ChaosCluster, type ClusterShape } from "./chaos_cluster.ts";
import type { FaultKind } from "./fault_kinds.ts";
import { reportHangs } from "./hang_report.ts";
import { Ledger, type LedgerLine } from "./ledger.ts";
import { Load } from "./load.ts";
import { readNotes } from "./notes.ts";
import { planFaults, type PlannedFault } from "./plan.ts";
import { measureRecovery, type Recovery } from "./recovery.ts";
import { strike, type StruckFault } from "./strike.ts";

/** What to run. */
export interface ChaosRunOptions {
  readonly seed: number;
  readonly shape: ClusterShape;
  readonly kinds: readonly FaultKind[];
  /** Load without faults before, ms: then memory and descriptors are counted. */
  readonly warmUpMs: number;
  readonly stormMs: number;
  /** Between two faults on average, ms. */
  readonly gapMs: number;
  /** Jobs at a time. */
  readonly lanes: number;
  /** A job that takes longer hangs, ms. */
  readonly hungAfterMs: number;
  /** Everything of it goes below this folder. */
  readonly folder: string;
  readonly say: (line: string) => void;
  /** Told of each process it starts itself. */
  readonly onProcess?: (pid: number) => void;
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
const FORGETS: ReadonlySet<string> = new Set(["controller killed", "keeper killed"]);
/** A silence that is shorter costs no host. */
const GIVEN_UP_MS = 2_500;
/** Findings that are said when they are found; the report has more. */
const MOST_SAID = 20;
const START_LIMIT_MS = 60_000;
const STOP_LIMIT_MS = 40_000;
const CENSUS_LIMIT_MS = 20_000;
const CENSUS_EVERY_MS = 500;
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
  await storm.ended;
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

/** The faults of the plan, as they come. */
class Storm {
  readonly faults: StruckFault[] = [];
  readonly #cluster: ChaosCluster;
  readonly #options: ChaosRunOptions;
  readonly #find: (text: string) => void;
  readonly #strikes: Promise<void>[] = [];

  constructor(cluster: ChaosCluster, options: ChaosRunOptions, find: (text: string) => void) {
    this.#cluster = cluster;
    this.#options = options;
    this.#find = find;
  }

  /** Resolves when the last fault has been undone. */
  async run(): Promise<void> {
    const began = performance.now();
    for (const fault of planFaults(this.#options)) {
      await pause(Math.max(0, fault.atMs - (performance.now() - began)));
      this.#strikes.push(this.#strike(fault));
    }
    await pause(Math.max(0, this.#options.stormMs - (performance.now() - began)));
    await this.ended;
  }

  /** Resolves when all that was struck until now has been undone. */
  get ended(): Promise<void> {
    return Promise.all(this.#strikes).then(() => {});
  }

  async #strike(fault: PlannedFault): Promise<void> {
    try {
      const struck = await strike(this.#cluster, fault);
      this.faults.push(struck);
      const { number, kind, thing, at, until } = struck;
      const what = thing === null ? "nothing to hit" : `${thing}, ${until - at} ms`;
      this.#options.say(`${new Date(at).toISOString().slice(11, 23)} fault ${number} "${kind}": ${what}`);
      for (const pid of this.#cluster.newPids()) this.#options.onProcess?.(pid);
    } catch (error) {
      this.#find(`fault ${fault.number} ("${fault.kind.name}") could not be undone: ${error}`);
    }
  }
}

/** Counts when everything is back; what is not back in time is counted as it is, and said. */
async function quietCensus(
  cluster: ChaosCluster,
  clients: readonly Client[],
  find: (text: string) => void,
): Promise<Census> {
  const { hosts, engines, standbys } = cluster.shape;
  const deadline = performance.now() + CENSUS_LIMIT_MS;
  let said = "";
  while (performance.now() < deadline) {
    const census = censusOf(countProcesses(`${cluster.folder}/tmp`));
    const ids = clients.map((client) => client.ids.length);
    said = `${JSON.stringify(census)}; engines as the clients know them: ${ids.join(", ")}`;
    const there = [census.engine, census.host, census.controller, census.keeper].map((one) => one?.processes ?? 0);
    const wanted = [hosts * engines, hosts, 1 + standbys, 1 + standbys];
    // The other processes are those that start engines, on their way to be one.
    const quiet = there.every((count, index) => count === wanted[index]) && census.other === undefined &&
      ids.every((count) => count === hosts * engines);
    if (quiet) {
      // What was just started is still making its sockets; what is not needed any more here is to be gone.
      await pause(CENSUS_EVERY_MS * 2);
      collectGarbage();
      return censusOf(countProcesses(`${cluster.folder}/tmp`));
    }
    await pause(CENSUS_EVERY_MS);
  }
  find(`not all is back after ${CENSUS_LIMIT_MS} ms: ${said}`);
  return censusOf(countProcesses(`${cluster.folder}/tmp`));
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
  return {
    account: makeAccount({ ledger, attempts, troubles, forgotAt }),
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

/** Where this program was started with `--expose-gc`. */
function collectGarbage(): void {
  const { gc } = globalThis as { gc?: () => void };
  gc?.();
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
