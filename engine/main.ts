/**
 * The engine's process: takes tasks from its host over a pipe, runs them, writes the results back.
 *
 * Started by `host/engine_process.ts` with exactly the permissions that tasks are granted; has no network of ours and no
 * credentials. Ends when its input ends. Imports as little as it can: its start is what `start -n` waits for.
 * @module
 */
import { PACKAGE_VERSION } from "../protocol/version.ts";
import { UnmetDependency } from "../wire/errors.ts";
import { CURRENT_TASK } from "./current_task.ts";
import { Engine } from "./engine.ts";
import { EnginePipe } from "./engine_pipe.ts";
import { PIPE_VERSION, TO_HOST } from "../protocol/pipe_messages.ts";
import { TaskOutput } from "./task_output.ts";
import { installTaskStreams } from "./task_streams.ts";

/** "Internal software error" in the list of `sysexits.h`. */
const BROKEN_EXIT_CODE = 70;

const pipe = EnginePipe.open();
if (pipe !== null) serve(pipe);

/** Until the host hangs up, or says so. */
function serve(pipe: EnginePipe): void {
  const exit = Deno.exit;
  const toLog = Deno.stderr.writeSync.bind(Deno.stderr);
  const output = new TaskOutput();
  const end = (why?: unknown): never => {
    if (why !== undefined) toLog(new TextEncoder().encode(`Cannot go on: ${describeError(why)}\n`));
    return exit(why === undefined ? 0 : BROKEN_EXIT_CODE);
  };
  const engine = new Engine(pipe, output, end);
  output.install(console as unknown as Record<string, (...args: unknown[]) => unknown>);
  installTaskStreams(output);
  offerCurrentTask(engine);
  surviveStrayErrors(engine, output, toLog);
  pipe.listen({
    message: (message) => engine.handle(message as never),
    batchEnd: () => engine.work(),
    ended: end,
  });
  pipe.send([TO_HOST.ready, PIPE_VERSION, PACKAGE_VERSION, Deno.pid]);
}

/** What tasks reach of the engine: the current task, and the error that declines it. No task can take them away. */
function offerCurrentTask(engine: Engine): void {
  const fixed = (key: PropertyKey, value: PropertyDescriptor) =>
    Object.defineProperty(globalThis, key, { configurable: false, enumerable: false, ...value });
  fixed(CURRENT_TASK, { get: () => engine.current ?? undefined });
  fixed("currentTask", { value: () => engine.current ?? undefined });
  fixed("UnmetDependency", { value: UnmetDependency });
}

/** An error that no task waits for (a timer left behind, a promise let go) must not end the process of the next task. */
function surviveStrayErrors(engine: Engine, output: TaskOutput, toLog: (bytes: Uint8Array) => number): void {
  const encoder = new TextEncoder();
  const report = (event: Event, error: unknown) => {
    event.preventDefault();
    const text = `Uncaught ${describeError(error)}\n`;
    if (engine.current !== null) output.add("stderr", text);
    else toLog(encoder.encode(`After its task had ended: ${text}`));
  };
  addEventListener("error", (event) => report(event, (event as ErrorEvent).error));
  addEventListener("unhandledrejection", (event) => report(event, (event as PromiseRejectionEvent).reason));
}

function describeError(error: unknown): string {
  return error instanceof Error ? error.stack ?? String(error) : String(error);
}
