/**
 * Standard streams as tasks see them: an input that has ended, outputs that are collected.
 *
 * Replaces what `Deno` and `process` offer; the pipe keeps the real ones. It is a courtesy, no wall: who reaches the
 * descriptors by other ways breaks the pipe, and the host ends that engine. Called once by `main.ts`.
 * @module
 */
import type { OutputChannel } from "../protocol/outcome.ts";
import type { TaskOutput } from "./task_output.ts";
import { builtin } from "./task_print.ts";

/** Puts the tasks' streams in place of the real ones. */
export function installTaskStreams(output: TaskOutput): void {
  const deno = Deno as unknown as Record<string, unknown>;
  deno["stdin"] = emptyInput();
  deno["stdout"] = collectingOutput("stdout", output);
  deno["stderr"] = collectingOutput("stderr", output);
  const process = (globalThis as unknown as { process: object }).process;
  defineLazily(process, "stdin", () => builtin<NodeStreams>("node:stream").Readable.from([]));
  defineLazily(process, "stdout", () => nodeOutput("stdout", output));
  defineLazily(process, "stderr", () => nodeOutput("stderr", output));
}

function emptyInput(): object {
  return {
    read: () => Promise.resolve(null),
    readSync: () => null,
    get readable(): ReadableStream<Uint8Array> {
      return new ReadableStream({ start: (controller) => controller.close() });
    },
    close() {},
    setRaw() {},
    isTerminal: () => false,
  };
}

function collectingOutput(channel: OutputChannel, output: TaskOutput): object {
  const writeSync = (bytes: Uint8Array): number => {
    output.print.addBytes(channel, bytes);
    return bytes.length;
  };
  return {
    writeSync,
    write: (bytes: Uint8Array) => Promise.resolve(writeSync(bytes)),
    get writable(): WritableStream<Uint8Array> {
      // Streams call back when it suits them: it belongs to whoever asked for it.
      const { print } = output;
      return new WritableStream({ write: (bytes) => print.addBytes(channel, bytes) });
    },
    close() {},
    isTerminal: () => false,
  };
}

interface NodeStreams {
  readonly Readable: { from(items: readonly unknown[]): object };
  readonly Writable: new (options: { write(chunk: unknown, encoding: string, done: () => void): void }) => object;
}

function nodeOutput(channel: OutputChannel, output: TaskOutput): object {
  const { Writable } = builtin<NodeStreams>("node:stream");
  return new Writable({
    write(chunk, _encoding, done) {
      if (typeof chunk === "string") output.print.add(channel, chunk);
      else output.print.addBytes(channel, chunk as Uint8Array);
      done();
    },
  });
}

/** Node's streams cost memory: they are made when a task asks for one. */
function defineLazily(target: object, name: string, make: () => object): void {
  let made: object | null = null;
  Object.defineProperty(target, name, { configurable: true, enumerable: true, get: () => made ??= make() });
}
