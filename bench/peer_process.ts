/**
 * Runs a command to its end, bounded in time: a peer that hangs must not take the benchmark with it.
 *
 * Called by `peers_bench.ts`.
 * @module
 */

const LIMIT_MS = 180_000;

function spawn([program = "", ...args]: readonly string[], cwd?: string): Promise<Deno.CommandOutput> {
  return new Deno.Command(program, {
    args,
    ...(cwd === undefined ? {} : { cwd }),
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    signal: AbortSignal.timeout(LIMIT_MS),
  }).output();
}

/** Whether it ends well. */
export async function run(command: readonly string[], cwd?: string): Promise<boolean> {
  try {
    return (await spawn(command, cwd)).success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** The last line that it prints, as JSON; or why there is none. */
export async function runJson<T>(
  command: readonly string[],
  cwd?: string,
): Promise<{ readonly value: T } | { readonly failure: string }> {
  const { stdout, stderr, code, signal } = await spawn(command, cwd);
  const decoder = new TextDecoder();
  const line = decoder.decode(stdout).trim().split("\n").at(-1) ?? "";
  if (line.startsWith("{")) return { value: JSON.parse(line) as T };
  const lines = decoder.decode(stderr).trim().split("\n");
  // The first line of an error says what is wrong, its last where; a traceback of Python has it the other way round.
  const said = (lines[0]?.startsWith("Traceback") ? lines.at(-1) : lines.find((text) => /error/i.test(text))) ??
    lines[0];
  return { failure: `it ended with ${signal ?? `code ${code}`} and no figures; it said: ${said}` };
}
