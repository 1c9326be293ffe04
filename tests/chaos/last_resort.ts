/**
 * The end of a run that does not end, whatever hangs: also where this very program is in a loop.
 *
 * A shell that waits beside it kills the processes it was told of, each only while it is the one that was meant, and
 * then this one. Disposing calls it off. Called by `main.ts` and the test.
 * @module
 */
import { identityOf } from "../../cluster/process_identity.ts";

// A line `pid ticks` is one process; without a word for the given time, or when its input ends early, it strikes.
const SCRIPT = `
limit=$1; me=$2; mine=$3; list=""
while read -t "$limit" -r word rest; do
  [ "$word" = done ] && exit 0
  list="$list $word:$rest"
done
for one in $list $me:$mine; do
  pid=\${one%%:*}; ticks=\${one##*:}
  now=$(sed 's/.*) //' "/proc/$pid/stat" 2>/dev/null | cut -d ' ' -f 20)
  [ "$now" = "$ticks" ] && kill -9 "$pid"
done`;

/** A watch over this program. */
export class LastResort implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;

  /** `limitMs`: without a word for so long it strikes. */
  constructor(limitMs: number) {
    const { pid, startedTicks } = identityOf(Deno.pid);
    const seconds = String(Math.ceil(limitMs / 1_000));
    this.#child = new Deno.Command("bash", {
      args: ["-c", SCRIPT, "last-resort", seconds, String(pid), String(startedTicks)],
      stdin: "piped",
      stdout: "null",
      stderr: "null",
    }).spawn();
    this.#writer = this.#child.stdin.getWriter();
  }

  /** Ends this one too, if it comes to that. */
  async include(pid: number): Promise<void> {
    const { startedTicks } = identityOf(pid);
    await this.#tell(`${pid} ${startedTicks}\n`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#tell("done\n");
    await this.#writer.close().catch(() => {});
    await this.#child.status;
  }

  async #tell(text: string): Promise<void> {
    await this.#writer.write(new TextEncoder().encode(text));
  }
}
