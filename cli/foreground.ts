/**
 * A host in the foreground: a status line while engines come up, then it stays until it is told to stop.
 *
 * The first interrupt or SIGTERM lets running tasks finish within the drain time, the second does not. Used by `start`
 * and `engines`.
 * @module
 */
import type { HostConfig } from "../cluster/control_line.ts";
import { HostService } from "../cluster/host_service.ts";
import { allLogs, fileLog, stderrJsonLog, stderrLog } from "../cluster/process_log.ts";
import { profilePaths } from "../cluster/profile.ts";
import type { Log } from "../wire/log.ts";
import { EXIT } from "./exit_code.ts";
import { StatusLine } from "./status_line.ts";

/** How lines are written to stderr: for people, or as one JSON document a line. */
export type LogFormat = "text" | "json";

/** What the verb says when everything is up. */
type Describe = (service: HostService) => string;

/** What follows a signal so soon is the same one: `deno task` passes on what the terminal has sent to all. */
const SAME_SIGNAL_MS = 200;

/** Resolves with the first signal, and again with the next. */
class StopSignals {
  #wake: () => void = () => {};
  #pending = 0;
  #last = -Infinity;

  constructor() {
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      if (Deno.build.os === "windows" && signal === "SIGTERM") continue;
      Deno.addSignalListener(signal, () => {
        const isSame = performance.now() - this.#last < SAME_SIGNAL_MS;
        this.#last = performance.now();
        if (isSame) return;
        this.#pending++;
        this.#wake();
      });
    }
  }

  async next(): Promise<"stop"> {
    while (this.#pending === 0) await new Promise<void>((resolve) => this.#wake = resolve);
    this.#pending--;
    return "stop";
  }
}

/** Runs a host until a signal; its exit code. */
export async function runInForeground(
  config: HostConfig,
  describe: Describe,
  format: LogFormat = "text",
): Promise<number> {
  const signals = new StopSignals();
  const paths = profilePaths(config.cluster);
  await Deno.mkdir(paths.folder, { recursive: true, mode: 0o700 });
  using file = fileLog(paths.log, config);
  // While everything ends, messages that find nobody are no news.
  let ending = false;
  using line = new StatusLine(format === "text");
  const forPeople = stderrLog("warn");
  const forPrograms = stderrJsonLog(config, "info");
  const terminalLog: Log = (level, ...rest) => {
    if (format === "json") return forPrograms(level, ...rest);
    if (level !== "error" && (ending || level !== "warn")) return;
    line.clear();
    forPeople(level, ...rest);
  };
  const log = allLogs(terminalLog, file.log);
  const say = (text: string) => format === "json" ? forPrograms("info", text) : console.error(text);
  const stopping = signals.next();
  const interrupt = new AbortController();
  const starting = HostService.start(config, {
    log,
    signal: interrupt.signal,
    onProgress: (ready, wanted) => line.show(`${ready} of ${wanted} engines ready`),
  });
  if (await Promise.race([starting, stopping]) === "stop") {
    say(`Stopping "${config.cluster}" before it has started.`);
    endAtNext(signals, say);
    interrupt.abort();
    await abandon(starting);
    return EXIT.done;
  }
  await using service = await starting;
  const up = await Promise.race([service.ready, stopping, service.failed]);
  // An engine that is started again later is no news for this line.
  line.close();
  if (up instanceof Error) throw up;
  if (up === undefined) {
    say(describe(service));
    const ended = await Promise.race([stopping, service.shutDown, service.failed]);
    if (ended instanceof Error) throw ended;
  }
  ending = true;
  const what = config.controller === null ? "the engines here" : `"${config.cluster}"`;
  say(`Stopping ${what}; running tasks may finish for ${config.drainMs / 1_000} s.`);
  endAtNext(signals, say);
  return EXIT.done;
}

/** Whoever asks twice does not want to wait. Children end with this process; files that stay are known to be stale. */
function endAtNext(signals: StopSignals, say: (text: string) => void): void {
  Deno.unrefTimer(setTimeout(() => say("Again: at once."), SAME_SIGNAL_MS));
  void signals.next().then(() => Deno.exit(EXIT.failed));
}

/** Ends a host that is no longer wanted, as soon as it can be ended. */
async function abandon(starting: Promise<HostService>): Promise<void> {
  try {
    await using service = await starting;
    service.hurry();
  } catch {
    // It could not start, and nobody waits for it any more.
  }
}
