/**
 * The engine's process: takes tasks from its host over a pipe, runs them, writes the results back.
 *
 * Run by `cluster/engine_main.ts`, which `host/engine_process.ts` starts with exactly the permissions that tasks are
 * granted; has no network of ours and no credentials. Ends when its input ends. Imports as little as it can: its start
 * is what `start -n` waits for.
 * @module
 */
import { PIPE_VERSION, TO_BE_INITIALIZED, TO_HOST } from "../protocol/pipe_messages.ts";
import { CURRENT_TASK_KEY, EXPORTS_KEY, MODULES_KEY, NAMESPACE_KEY } from "../protocol/shipped_names.ts";
import { PACKAGE_VERSION } from "../protocol/version.ts";
import { UnmetDependency } from "../wire/errors.ts";
import { Engine } from "./engine.ts";
import { Namespace } from "./namespace.ts";
import { EnginePipe } from "./engine_pipe.ts";
import { describeError, StrayErrors } from "./stray_errors.ts";
import type { LoadClient } from "./task_clients.ts";
import { TaskOutput } from "./task_output.ts";
import { TaskOwners } from "./task_owners.ts";
import { builtin, type ConsoleMethods } from "./task_print.ts";
import { installTaskStreams } from "./task_streams.ts";
import { installTaskTimers, type TimerHolder } from "./task_timers.ts";

/** "Internal software error" in the list of `sysexits.h`. */
const BROKEN_EXIT_CODE = 70;

/** Runs an engine over standard input and output. `load`: how its tasks get a client. */
export function runEngine(load: LoadClient): void {
  const pipe = EnginePipe.open();
  if (pipe !== null) serve(pipe, load);
}

/** Until the host hangs up, or says so. */
function serve(pipe: EnginePipe, load: LoadClient): void {
  const exit = Deno.exit;
  const toLog = logWriter();
  const end = (why?: unknown): never => {
    if (why !== undefined) toLog(`Cannot go on: ${describeError(why)}\n`);
    return exit(why === undefined ? 0 : BROKEN_EXIT_CODE);
  };
  const owners = new TaskOwners();
  const engine = new Engine(pipe, owners, end, load);
  const output = new TaskOutput(owners, toLog, (run) => engine.printed(run));
  output.install(console as unknown as ConsoleMethods);
  installTaskStreams(output);
  offerCurrentTask(engine);
  const strays = new StrayErrors(owners, {
    running: () => engine.running,
    fail: (run, error) => engine.failRunning(run, error),
    log: toLog,
    end,
  });
  strays.watch(globalThis);
  const holders = [globalThis as unknown as TimerHolder, builtin<TimerHolder>("node:timers")];
  installTaskTimers(holders, owners, (run, error) => strays.of(run, error));
  pipe.listen({
    batchStart: () => engine.attend(),
    message: (message) => engine.handle(message as never),
    part: (value, total, offset, part) => engine.addPart(value, total, offset, part),
    batchEnd: () => engine.work(),
    ended: end,
  });
  const ready = () => pipe.send([TO_HOST.ready, PIPE_VERSION, PACKAGE_VERSION, Deno.pid]);
  if (!Deno.args.includes(TO_BE_INITIALIZED)) return ready();
  engine.initialized.then(ready, (error) => {
    toLog(`Cannot initialize: ${describeError(error)}\n`);
    exit(BROKEN_EXIT_CODE);
  });
}

/** Writes to the real standard error, which the host puts into its log. */
function logWriter(): (text: string) => void {
  const write = Deno.stderr.writeSync.bind(Deno.stderr);
  const encoder = new TextEncoder();
  return (text) => void write(encoder.encode(text));
}

/** What tasks reach of the engine: the current task, the error that declines it, and the names that views define. No task can take them away. */
function offerCurrentTask(engine: Engine): void {
  const fixed = (key: PropertyKey, value: PropertyDescriptor) =>
    Object.defineProperty(globalThis, key, { configurable: false, enumerable: false, ...value });
  fixed(Symbol.for(CURRENT_TASK_KEY), { get: () => engine.current ?? undefined });
  fixed("currentTask", { value: () => engine.current ?? undefined });
  const { modules } = engine;
  fixed(Symbol.for(MODULES_KEY), { value: Object.freeze({ load: (hash: string) => modules.load(hash) }) });
  fixed(Symbol.for(EXPORTS_KEY), { value: engine.exports });
  fixed("UnmetDependency", { value: UnmetDependency });
  fixed(Symbol.for(NAMESPACE_KEY), {
    value: new Namespace(() => engine.current?.engineId ?? null, () => engine.keepModules()),
  });
}
