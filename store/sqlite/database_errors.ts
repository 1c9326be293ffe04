/**
 * What SQLite and the file system say, in words that say what to do.
 * @module
 */
import { StoreError } from "../../wire/errors.ts";

/** `action` begins the message: `Cannot open`. `path` is the file of the database. */
export function databaseError(action: string, path: string, reason: string): StoreError {
  return new StoreError(`${action} the store "${path}": ${explain(reason)}.`);
}

function explain(reason: string): string {
  if (/disk is full/.test(reason)) {
    return "the disk is full, or the file has reached the size that was allowed; make room, then start again";
  }
  if (/not a database/.test(reason)) {
    return "it is no database, or its beginning is damaged; move it away, bring back a copy, or name another file";
  }
  if (/malformed/.test(reason)) {
    return `it is damaged (SQLite says "${reason}"), and could not be mended; move it away or bring back a copy`;
  }
  if (/readonly|unable to open/.test(reason)) {
    return `it can't be written (SQLite says "${reason}"); check the permissions of the file and its folder`;
  }
  if (/locked/.test(reason)) {
    return "another program has it open; end that one first";
  }
  if (/I\/O error/.test(reason)) {
    return `the disk reports an error (SQLite says "${reason}"); check the disk, then start again`;
  }
  return `SQLite says "${reason}"; check the file and the disk`;
}

/** What went wrong with a file or folder beside the database. */
export function fileError(action: string, path: string, error: unknown): StoreError {
  const reason = error instanceof Error ? error.message : String(error);
  const start = `${action} the store "${path}"`;
  if (error instanceof Deno.errors.NotCapable) {
    return new StoreError(`${start}: this process may not write there (${reason}); grant it with --allow-write.`, {
      cause: error,
    });
  }
  const hint = /os error 28|No space/.test(reason)
    ? "the disk is full; make room"
    : /os error (1|13|30)\b|denied|[Rr]ead-only/.test(reason)
    ? `its folder can't be written (${reason}); check its permissions, or name a file elsewhere`
    : `${reason}; check the path`;
  return new StoreError(`${start}: ${hint}.`, { cause: error });
}
