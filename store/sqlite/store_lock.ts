/**
 * One controller at a time: an exclusive lock of the operating system beside the database, held while it is open.
 *
 * The system lets go of it when the process ends, however it ends. The file itself stays: one that is removed could be
 * locked by two at once.
 * @module
 */
import { StoreError } from "../../wire/errors.ts";
import { fileError } from "./database_errors.ts";

/** Takes the lock of the database at `path`. Throws `StoreError` if another holds it, or if it can't be written. */
export async function lockStore(path: string): Promise<Disposable> {
  const name = `${path}.lock`;
  const file = await Deno.open(name, { read: true, write: true, create: true, mode: 0o600 }).catch((error) => {
    throw fileError("Cannot open", path, error);
  });
  try {
    if (!await file.tryLock(true)) {
      const holder = (await Deno.readTextFile(name).catch(() => "")).trim();
      throw new StoreError(
        `Cannot open the store "${path}": another controller has it open${holder === "" ? "" : ` (pid ${holder})`}; ` +
          "stop that one, or name another store.",
      );
    }
    await file.truncate();
    await file.write(new TextEncoder().encode(`${Deno.pid}\n`));
  } catch (error) {
    file.close();
    throw error instanceof StoreError ? error : fileError("Cannot open", path, error);
  }
  return { [Symbol.dispose]: () => file.close() };
}
