/**
 * Files that only their owner may read, written whole or not at all.
 *
 * Used for whatever holds credentials.
 * @module
 */
import { dirname } from "node:path";

const OWNER_ONLY = 0o600;
const OWNER_ONLY_FOLDER = 0o700;

/** Writes `text` under mode 0600, by way of a temporary file beside it, so that no reader sees half of it. */
export async function writePrivateFile(path: string, text: string): Promise<void> {
  await Deno.mkdir(dirname(path), { recursive: true, mode: OWNER_ONLY_FOLDER });
  const temporary = `${path}.${Deno.pid}.tmp`;
  await Deno.writeTextFile(temporary, text, { mode: OWNER_ONLY });
  await Deno.rename(temporary, path);
}

/** Removes a file; one that is not there is fine. */
export async function removeFile(path: string): Promise<void> {
  try {
    await Deno.remove(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** The text of a file, or `null` where there is none. */
export async function readFileIfThere(path: string): Promise<string | null> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}
