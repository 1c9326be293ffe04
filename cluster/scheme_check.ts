/**
 * Finds out whether a scheme of the user's own can be used, before anything starts.
 *
 * In a process of its own, with the rights of a controller: a module may do anything while it is imported, also hang.
 * Called by `Cluster.start` and by the command line.
 * @module
 */
import { silentLog } from "../wire/log.ts";
import { restoreError } from "./child_errors.ts";
import { ChildProcess } from "./child_process.ts";
import type { ControllerReport } from "./control_line.ts";
import { CONTROLLER_FLAGS } from "./controller_child.ts";

/** So long it may take to load the module with all that it imports, ms. */
const LIMIT_MS = 30_000;
const STOP_MS = 1_000;

/** Throws `TypeError` where the module can't be imported, does not come to an end, or exports no function. */
export async function checkSchemeModule(url: string, limitMs: number = LIMIT_MS): Promise<void> {
  await using child = new ChildProcess({
    name: "scheme check",
    module: import.meta.resolve("./scheme_check_main.ts"),
    flags: CONTROLLER_FLAGS,
    args: [url],
    log: silentLog,
    stopMs: STOP_MS,
  });
  const reports = child.reports<ControllerReport>();
  const late = setTimeout(() => child.kill(), limitMs);
  try {
    const { value, done } = await reports.next();
    if (!done && value.kind === "ready") return;
    if (!done && value.kind === "failed") throw restoreError(value);
    throw new TypeError(
      `Cannot use the scheme "${url}": its module did not load within ${limitMs} ms, or ended the process; ` +
        `let it export a function and do nothing else.`,
    );
  } finally {
    clearTimeout(late);
    child.kill();
    await reports.return(undefined);
  }
}
