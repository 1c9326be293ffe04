/**
 * The controller's process: configuration in by stdin, "ready" or "failed" out by stdout, and then it works until its
 * stdin ends.
 *
 * Started by `controller_child.ts`. An interrupt at the terminal reaches the whole group; only the host acts on it.
 * @module
 */
import { type ControllerLife, failure, report } from "./control_line.ts";
import { startController } from "./controller.ts";
import { childLog } from "./process_log.ts";
import { textLines } from "./text_lines.ts";

async function main(): Promise<number> {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    if (Deno.build.os !== "windows" || signal === "SIGINT") Deno.addSignalListener(signal, () => {});
  }
  const lines = textLines(Deno.stdin.readable);
  const first = await lines.next();
  if (first.done) return 0;
  const ended = endOf(lines);
  const stop = new AbortController();
  try {
    const life = JSON.parse(first.value) as ControllerLife;
    const starting = startController(
      life,
      childLog,
      {
        onRoster: (roster) => report({ kind: "roster", ...roster }),
        signal: stop.signal,
        onStandby: () => report({ kind: "standing-by", servers: life.servers }),
      },
    );
    if (await Promise.race([starting, ended]) === null) {
      stop.abort();
      await Promise.race([starting.then((late) => late[Symbol.asyncDispose]()), pause(GOODBYE_MS)]).catch(() => {});
      return 0;
    }
    await using controller = await starting;
    report({ kind: "ready", servers: controller.servers });
    const reason = await Promise.race([controller.failed, ended]);
    if (reason === null) return 0;
    childLog("error", "controller failed", { reason: reason.stack ?? reason.message });
    return 1;
  } catch (error) {
    report(failure(error));
    return 1;
  }
}

/** How long one that waits to lead may take to leave. */
const GOODBYE_MS = 500;

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Resolves when the parent closed our stdin, or is gone. */
async function endOf(lines: AsyncGenerator<string>): Promise<null> {
  while (!(await lines.next()).done);
  return null;
}

Deno.exit(await main());
