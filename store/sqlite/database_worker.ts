/**
 * The thread of the database: takes batches from the controller's thread, one answer to each.
 *
 * A thread of its own, since SQLite is synchronous and waits for the disk. Between batches it removes what snapshots have
 * replaced. Started by `database_link.ts`; ends when it is told to close, or with its process.
 * @module
 */
import type { FromDatabase, ToDatabase } from "./database_requests.ts";
import { MendedDatabase } from "./mended_database.ts";
import { transferables } from "./transferables.ts";

/** What a Worker's global scope has, and the library of this project's types has not. */
interface WorkerScope {
  onmessage: ((event: MessageEvent<ToDatabase>) => void) | null;
  postMessage(message: FromDatabase, transfer?: Transferable[]): void;
}

function serve(scope: WorkerScope): void {
  let database: MendedDatabase | null = null;
  let tidying: ReturnType<typeof setTimeout> | null = null;

  /** A step between two batches, also when one follows the other: else the file would grow under load. */
  const tidyLater = (open: MendedDatabase) => {
    tidying ??= setTimeout(() => {
      tidying = null;
      try {
        if (open.tidy()) tidyLater(open);
      } catch {
        // What fails here costs only room. If it matters, the next batch fails too, and has somebody to tell.
      }
    }, 0);
  };

  const answer = (message: ToDatabase): FromDatabase => {
    if (message.kind === "open") {
      database = new MendedDatabase(message.config);
      tidyLater(database);
      return { kind: "opened", found: database.found };
    }
    if (database === null) throw new Error("the database is not open");
    if (message.kind === "close") {
      if (tidying !== null) clearTimeout(tidying);
      database[Symbol.dispose]();
      return { kind: "closed" };
    }
    const answers = database.run(message.requests);
    tidyLater(database);
    return { kind: "done", answers };
  };

  scope.onmessage = ({ data }) => {
    let reply: FromDatabase;
    try {
      reply = answer(data);
    } catch (error) {
      reply = { kind: "failed", ...failureOf(error) };
    }
    scope.postMessage(reply, transferables(reply));
  };
}

function failureOf(error: unknown): { readonly reason: string; readonly isFinal: boolean } {
  // A StoreError says all there is to say already.
  return error instanceof Error
    ? { reason: error.message, isFinal: error.name === "StoreError" }
    : { reason: String(error), isFinal: false };
}

serve(self as unknown as WorkerScope);
