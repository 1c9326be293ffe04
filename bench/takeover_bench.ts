/**
 * How long nothing is dispatched when the controller that leads is killed with its host, and a standby takes over.
 *
 * Run alone: `deno run -A bench/takeover_bench.ts [rounds]` prints its figures as JSON. Needs a `nats-server` with
 * JetStream. Times are of this machine's clock, which all processes share.
 * @module
 */
import { textLines } from "../cluster/text_lines.ts";
import { Client, type LoadBalancedView } from "../mod.ts";
import { NatsServer } from "../testing/nats_server.ts";
import { percentile, rounded } from "./statistics.ts";

/** ms from the SIGKILL of leader and host to the first task that the next leader has dispatched. */
export interface TakeoverFigures {
  readonly p50: number;
  readonly p99: number;
  readonly rounds: number;
  /** Of the tasks that were under way all the time. */
  readonly tasks: number;
  readonly lost: number;
  readonly ranTwice: number;
}

const CLI = new URL("../cli.ts", import.meta.url).pathname;
const TASK_MS = 10;
/** What a host has when the controller dies goes on for so long at most. */
const LEFTOVERS_MS = 200;

/** Kills `rounds` leaders; each is followed by a standby that was there before. */
export async function benchTakeover(rounds: number): Promise<TakeoverFigures> {
  await using server = await NatsServer.start({ jetstream: true });
  const folder = await Deno.makeTempDir({ prefix: "troupe-bench-" });
  await using stack = new AsyncDisposableStack();
  stack.defer(() => Deno.remove(folder, { recursive: true }));
  const start = async (args: readonly string[], ready: RegExp) => stack.use(await Command.start(folder, args, ready));
  const controller = (...flags: string[]) =>
    start(["controller", ...flags, "--store", "jetstream", "--nats", server.url], /is running|stands by/);
  let leader = await controller();
  await start(["engines", "-n", "2", "--nats", server.url], /joined the cluster/);
  await using client = await Client.connect({ servers: server.url });
  const view = client.loadBalancedView();
  const series: number[] = [];
  const starts: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const next = await controller("--standby");
    const load = underWay(view);
    await load.begun;
    const killedAt = Date.now();
    leader.killAll();
    const times = await load.finish(killedAt + LEFTOVERS_MS);
    starts.push(...times);
    series.push(Math.min(...times.filter((at) => at > killedAt + LEFTOVERS_MS)) - killedAt);
    leader = next;
  }
  const records = await client.dbQuery({}, { keys: ["attempts", "status"], limit: 100_000 });
  return {
    p50: rounded(percentile(series, 0.5)),
    p99: rounded(percentile(series, 0.99)),
    rounds,
    tasks: starts.length,
    lost: starts.length - records.filter(({ status }) => status === "done").length,
    ranTwice: records.filter(({ attempts }) => attempts !== 1).length,
  };
}

/** Short tasks, many at a time, until one has begun after a moment. */
function underWay(view: LoadBalancedView) {
  const begun = Promise.withResolvers<void>();
  let until = Infinity;
  const running = (async () => {
    const times: number[] = [];
    while (times.every((at) => at <= until)) {
      const inputs = Array<number>(20).fill(TASK_MS);
      times.push(
        ...await view.map(async (ms: number) => {
          const at = Date.now();
          await new Promise((resolve) => setTimeout(resolve, ms));
          return at;
        }, inputs),
      );
      begun.resolve();
    }
    return times;
  })();
  return {
    begun: begun.promise,
    finish(after: number) {
      until = after;
      return running;
    },
  };
}

/** A command line that runs. */
class Command implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #lines: AsyncGenerator<string>;

  private constructor(home: string, args: readonly string[]) {
    this.#child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", CLI, ...args],
      env: { TROUPE_HOME: home, TROUPE_TOKEN: "" },
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    this.#lines = textLines(this.#child.stderr);
  }

  static async start(folder: string, args: readonly string[], ready: RegExp): Promise<Command> {
    const command = new Command(await Deno.makeTempDir({ dir: folder }), args);
    for (;;) {
      const { value, done } = await command.#lines.next();
      if (done) throw new Error(`Cannot run "${args.join(" ")}": it ended at once.`);
      if (ready.test(value)) return command;
    }
  }

  /** First the host, so that it starts no other; then its controller. */
  killAll(): void {
    const { pid } = this.#child;
    const children = Deno.readTextFileSync(`/proc/${pid}/task/${pid}/children`).split(" ").filter(Boolean).map(Number);
    for (const one of [pid, ...children]) {
      if (!Number.isSafeInteger(one) || one <= 1) throw new TypeError(`Cannot kill process ${one}.`);
      Deno.kill(one, "SIGKILL");
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGTERM");
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
    }
    await this.#child.status;
    await this.#lines.return(undefined);
  }
}

if (import.meta.main) console.log(JSON.stringify(await benchTakeover(Number(Deno.args[0] ?? 20)), null, 2));
