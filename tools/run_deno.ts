/**
 * Runs Deno with its output kept back, so that what several say at once can be printed one after the other.
 *
 * One that takes too long is interrupted, upon which `deno test` says which tests it was in, and killed when that does
 * not help. Called by `check.ts` and `run_tests.ts`.
 * @module
 */
import { stripVTControlCharacters } from "node:util";

/** How it ended. */
export interface DenoRun {
  readonly success: boolean;
  /** What it wrote to stdout and stderr, in the order in which it came, without colours. */
  readonly output: string;
}

/** How long something may take, and how long its end may once it is told to. */
export interface RunLimits {
  readonly limitMs: number;
  readonly graceMs: number;
}

/** No part takes a fifth of it on a machine that has nothing else to do. */
const LIMITS: RunLimits = { limitMs: 300_000, graceMs: 5_000 };

/** Runs `deno` with these arguments, and no stdin. */
export async function runDeno(args: readonly string[], { limitMs, graceMs }: RunLimits = LIMITS): Promise<DenoRun> {
  const options = { stdin: "null", stdout: "piped", stderr: "piped" } as const;
  const child = new Deno.Command(Deno.execPath(), { args: [...args], ...options }).spawn();
  const texts: string[] = [];
  const read = Promise.all([collect(child.stdout, texts), collect(child.stderr, texts)]);
  if (!await endsWithin(child.status, limitMs)) {
    texts.push(`\nInterrupted: it took more than ${limitMs / 1000} s.\n`);
    child.kill("SIGINT");
    if (!await endsWithin(child.status, graceMs)) child.kill("SIGKILL");
  }
  const { success } = await child.status;
  // Something that it started and left behind may still hold the pipes.
  if (!await endsWithin(read, graceMs)) texts.push("\nIts output has no end: it left a process behind.\n");
  return { success, output: stripVTControlCharacters(texts.join("")) };
}

async function collect(stream: ReadableStream<Uint8Array>, texts: string[]): Promise<void> {
  const decoder = new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>;
  for await (const text of stream.pipeThrough(decoder)) texts.push(text);
}

async function endsWithin(promise: Promise<unknown>, limitMs: number): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), limitMs);
  });
  try {
    return await Promise.race([promise.then(() => true as const), late]);
  } finally {
    clearTimeout(timer);
  }
}
