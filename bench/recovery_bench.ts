/**
 * How long it takes until work goes on after something was killed: an engine, a host, a task that loops.
 *
 * Exports for `bench/main.ts`; run alone (`deno run -A bench/recovery_bench.ts [rounds]`) it prints its figures as JSON.
 * Times are of this machine's clock, which all processes share.
 * @module
 */
import { clusterStatus } from "../cluster/cluster_status.ts";
import { type Client, Cluster, type LoadBalancedView, TaskAborted } from "../mod.ts";
import { textLines } from "../cluster/text_lines.ts";
import { percentile, rounded } from "./statistics.ts";

/** What engines define for tasks. */
declare const currentTask: () => { readonly engineId: number; readonly attempt: number };

/** ms over all rounds. */
export interface RecoveryTimes {
  readonly p50: number;
  readonly p99: number;
  readonly rounds: number;
}

/** Times of recovery. */
export interface RecoveryFigures {
  /** From the SIGKILL of an engine until its task runs on another one. */
  readonly engineKilled: RecoveryTimes;
  /** From the SIGKILL of a host until a task of its engine runs on one of another host. */
  readonly hostKilled: RecoveryTimes;
  /** From the abort of a task that loops until its client has `TaskAborted`, */
  readonly loopAborted: RecoveryTimes;
  /** … and until its engine runs the next task. */
  readonly engineBack: RecoveryTimes;
}

const ENGINES = 4;
const CLI = new URL("../cli.ts", import.meta.url).pathname;

/** Kills `rounds` engines, and a fifth as many hosts and looping tasks. */
export async function benchRecovery(rounds: number): Promise<RecoveryFigures> {
  const few = Math.max(1, Math.round(rounds / 5));
  await using cluster = await Cluster.start({ n: ENGINES });
  await using client = await cluster.connect();
  const engineKilled = await repeated(rounds, () => killEngine(client));
  const loops: [aborted: number, back: number][] = [];
  for (let round = 0; round < few; round++) loops.push(await abortLoop(client));
  const hostKilled = await repeated(few, () => killHost(cluster, client));
  return {
    engineKilled,
    hostKilled,
    loopAborted: times(loops.map(([aborted]) => aborted)),
    engineBack: times(loops.map(([, back]) => back)),
  };
}

async function repeated(rounds: number, measure: () => Promise<number>): Promise<RecoveryTimes> {
  const series: number[] = [];
  for (let round = 0; round < rounds; round++) series.push(await measure());
  return times(series);
}

function times(series: readonly number[]): RecoveryTimes {
  return { p50: rounded(percentile(series, 0.5)), p99: rounded(percentile(series, 0.99)), rounds: series.length };
}

/** Waits for ever the first time, and says by its output where; later says when it began. */
function waitOnce(): unknown {
  if (currentTask().attempt > 1) return Date.now();
  console.log(`in ${Deno.pid}`);
  return new Promise(() => {});
}

/** Submits what prints "in" and its process; resolves with that when it does. */
async function begun<T>(client: Client, submit: () => T): Promise<{ readonly job: T; readonly pid: number }> {
  const said = Promise.withResolvers<number>();
  using _ = client.onOutput(({ text }) => /^in \d+$/.test(text) && said.resolve(Number(text.slice(3))));
  const job = submit();
  return { job, pid: await said.promise };
}

async function killEngine(client: Client): Promise<number> {
  // One that has died often comes back late: two are enough, that of the task and another.
  await client.waitForEngines(2, { timeout: 30_000 });
  const view = client.loadBalancedView().with({ retries: 1 });
  const { job, pid } = await begun(client, () => view.apply(waitOnce));
  const killed = Date.now();
  killProcess(pid);
  return Number(await job) - killed;
}

/** ms until the client knows, and until the engine works again. */
async function abortLoop(client: Client): Promise<[aborted: number, back: number]> {
  await client.waitForEngines(ENGINES, { timeout: 30_000 });
  const view: LoadBalancedView = client.loadBalancedView({ targets: 0 });
  const { job } = await begun(client, () =>
    view.apply(() => {
      console.log(`in ${Deno.pid}`);
      for (;;);
    }));
  const began = Date.now();
  void job.abort();
  await Promise.resolve(job).catch((error) => {
    if (!(error instanceof TaskAborted)) throw error;
  });
  const aborted = Date.now() - began;
  return [aborted, await view.apply(() => Date.now()) - began];
}

/** A second host joins for this, with one engine; it is killed while that works. */
async function killHost(cluster: Cluster, client: Client): Promise<number> {
  await client.waitForEngines(ENGINES, { timeout: 30_000 });
  const args = [
    "run",
    "-A",
    CLI,
    "engines",
    "-n",
    "1",
    "--name",
    cluster.name,
    "--connection",
    cluster.connection.file,
  ];
  const host = new Deno.Command(Deno.execPath(), { args, stdin: "null", stdout: "null", stderr: "piped" }).spawn();
  for await (const line of textLines(host.stderr)) if (/joined the cluster/.test(line)) break;
  await client.waitForEngines(ENGINES + 1, { timeout: 30_000 });
  const { engines, hosts } = await clusterStatus(cluster.name);
  const there = hosts.find(({ pid, alive }) => alive && pid === host.pid)?.id;
  const engine = engines.find((one) => one.host === there && one.state !== "down")?.id ?? -1;
  // One for each engine: that of the doomed one waits, the others end.
  const task = (doomed: number) => {
    if (currentTask().engineId !== doomed) return Date.now();
    console.log(`in ${Deno.pid}`);
    return new Promise<number>(() => {});
  };
  const view = client.loadBalancedView().with({ retries: 1 });
  const { job } = await begun(client, () => view.with({ targets: [engine, 0] }).map(task, Array(8).fill(engine)));
  const killed = Date.now();
  killProcess(host.pid);
  const last = Math.max(...await job);
  await host.status;
  return last - killed;
}

function killProcess(pid: number): void {
  if (!Number.isSafeInteger(pid) || pid <= 1) throw new TypeError(`Cannot kill process ${pid}.`);
  Deno.kill(pid, "SIGKILL");
}

if (import.meta.main) console.log(JSON.stringify(await benchRecovery(Number(Deno.args[0] ?? 50)), null, 2));
