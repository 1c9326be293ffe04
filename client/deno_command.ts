/**
 * Runs one of Deno's own commands on a module of the user, and waits for it.
 *
 * Synchronous, since functions are shipped within the call that submits them. The command starts in the module's folder,
 * where it finds the configuration that the module was written under. Called by `module_graph.ts` and `module_bundle.ts`.
 * @module
 */
import { fileURLToPath } from "node:url";
import { SerializationError } from "../wire/errors.ts";

/** Lines of an error of the command that are shown. */
const SHOWN_LINES = 12;

/**
 * What the command prints. `action`: what fails, for errors, as in `Cannot bundle "…"`. Throws `SerializationError` that
 * tells what the command said, or what it takes to run it.
 */
export function runDeno(url: URL, action: string, args: readonly string[]): string {
  const path = fileURLToPath(url);
  const { success, stdout, stderr } = output(url, action, [...args, path], fileURLToPath(new URL(".", url)));
  if (success) return new TextDecoder().decode(stdout);
  throw new SerializationError(`Cannot ${action} "${url}": ${said(stderr)}`);
}

function output(url: URL, action: string, args: readonly string[], cwd: string): Deno.CommandOutput {
  try {
    const env = { NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" };
    return new Deno.Command(Deno.execPath(), { args: [...args], cwd, env, stdin: "null" }).outputSync();
  } catch (cause) {
    if (cause instanceof Deno.errors.NotCapable) {
      throw new SerializationError(
        `Cannot ${action} "${url}": ${cause.message}; a module of this program travels as a bundle that "deno" makes, ` +
          `so give the program --allow-run=deno and --allow-read, or put what it exports into an "npm:" or "https:" module.`,
        { cause },
      );
    }
    throw new SerializationError(
      `Cannot ${action} "${url}": "deno" can't be started in its folder; is there such a file?`,
      { cause },
    );
  }
}

function said(stderr: Uint8Array): string {
  const lines = new TextDecoder().decode(stderr).split("\n").map((line) => line.replace(/^error: /, ""));
  const end = lines.findIndex((line) => /^(bundling failed|Stack backtrace)/.test(line));
  const told = (end < 0 ? lines : lines.slice(0, end)).filter((line) => line.trim() !== "");
  return told.slice(0, SHOWN_LINES).join("\n") || "the command said nothing";
}
