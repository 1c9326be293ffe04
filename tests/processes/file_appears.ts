/**
 * Waiting for a file that another process writes to say that it has come so far. Used by the `remote_*` tests.
 * @module
 */
import { dirname } from "node:path";
import { within } from "../../testing/within.ts";

function isThere(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Resolves when there is a file at `path`; its folder must be there already. */
export async function fileAppears(path: string, limitMs = 15_000): Promise<void> {
  using watcher = Deno.watchFs(dirname(path), { recursive: false });
  const look = async () => {
    // Watched first, looked at then: what comes in between is an event.
    if (isThere(path)) return;
    for await (const _ of watcher) if (isThere(path)) return;
  };
  await within(look(), `the file "${path}"`, limitMs);
}
