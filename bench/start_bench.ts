/**
 * How long it takes until four engines are ready: from a program, and from the command line with all that this loads.
 * @module
 */
import { ENGINES, startBenchCluster } from "./bench_cluster.ts";
import { elapsedMs, median, rounded } from "./statistics.ts";

/** Medians over all runs, s. */
export interface StartTimes {
  /** `Cluster.start({ n: 4 })`. */
  readonly fromProgram: number;
  /** `cli.ts start -n 4 --daemon`, from the start of its process to its end. */
  readonly fromCommandLine: number;
  readonly runs: number;
}

/** Starts and stops a cluster `runs` times in both ways. */
export async function benchStart(runs: number): Promise<StartTimes> {
  const program: number[] = [];
  const commandLine: number[] = [];
  for (let i = 0; i < runs; i++) {
    await using cluster = await startBenchCluster("embedded", 1);
    program.push(cluster.startMs);
    commandLine.push(await startDaemon());
  }
  const seconds = (series: readonly number[]) => rounded(median(series) / 1_000);
  return { fromProgram: seconds(program), fromCommandLine: seconds(commandLine), runs };
}

/** In a profile folder of its own, so that no cluster of the user's is in the way. Gives ms. */
async function startDaemon(): Promise<number> {
  const home = await Deno.makeTempDir({ prefix: "troupe-bench-" });
  try {
    const ms = await elapsedMs(() => runCli(home, "start", "-n", String(ENGINES), "--daemon"));
    await runCli(home, "stop");
    return ms;
  } finally {
    await Deno.remove(home, { recursive: true });
  }
}

async function runCli(home: string, ...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", import.meta.resolve("../cli.ts"), ...args],
    env: { TROUPE_HOME: home },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output();
  if (!success) throw new Error(`Cannot run "${args.join(" ")}": ${new TextDecoder().decode(stderr).trim()}`);
}
