/**
 * `deno run -A bench/direct_bench.ts [engines] [hosts]`: a `push` of 1 KB to all engines against as many single calls in
 * a row; prints one JSON document on stdout.
 *
 * Hosts are processes of this machine on the embedded broker. The two take turns, so that what else the machine does
 * meets both alike. Target: ten times faster with 64 engines.
 * @module
 */
import { Cluster } from "../mod.ts";
import { CliProcess } from "../tests/processes/cli_process.ts";
import { describeMachine } from "./machine.ts";
import { elapsedMs, rounded, type Spread, spread } from "./statistics.ts";

/** ms of one round. */
export interface DirectFigures {
  readonly engines: number;
  readonly hosts: number;
  readonly push: Spread;
  readonly single: Spread;
  /** Medians: how many times faster one `push` is. */
  readonly ratio: number;
}

const WARM_UP_ROUNDS = 10;
const ROUNDS = 30;

/** Measures on a cluster of its own. */
export async function benchDirect(engines: number, hosts: number): Promise<DirectFigures> {
  await using stack = new AsyncDisposableStack();
  const share = Math.floor(engines / hosts);
  const cluster = stack.use(await Cluster.start({ n: engines - share * (hosts - 1) }));
  const cli = new URL("../cli.ts", import.meta.url).pathname;
  for (let host = 1; host < hosts; host++) {
    const verb = ["engines", "-n", `${share}`, "--connection", cluster.connection.file];
    stack.use(new CliProcess(["deno", "run", "-A", cli, ...verb], {}));
  }
  const client = stack.use(await cluster.connect());
  await client.waitForEngines(engines, { timeout: 60_000 });
  const dview = client.directView();
  const singles = client.ids.map((id) => client.at(id));
  const kilobyte = new Uint8Array(1024);
  const pushes: number[] = [];
  const rows: number[] = [];
  for (let round = 0; round < WARM_UP_ROUNDS + ROUNDS; round++) {
    const pushMs = await elapsedMs(() => dview.push({ kilobyte }));
    const singleMs = await elapsedMs(async () => {
      for (const view of singles) await view.push({ kilobyte });
    });
    if (round < WARM_UP_ROUNDS) continue;
    pushes.push(pushMs);
    rows.push(singleMs);
  }
  const [push, single] = [spread(pushes), spread(rows)];
  return { engines, hosts, push, single, ratio: rounded(single.p50 / push.p50) };
}

if (import.meta.main) {
  const [engines = 16, hosts = 2] = Deno.args.map(Number);
  const machine = await describeMachine();
  console.log(
    JSON.stringify({ date: new Date().toISOString(), machine, ...await benchDirect(engines, hosts) }, null, 2),
  );
}
