/**
 * A process that has a SQLite store open and writes to it until it is killed, or until nothing more can be written.
 *
 * Prints `open`, then the number of each confirmed entry, and in the end why it ended. For `sqlite_processes_test.ts`.
 * @module
 */
import { openSqlite } from "../../store/sqlite/open_sqlite.ts";

const [path = "", durability = "process", size = "300"] = Deno.args;
try {
  await using store = await openSqlite(path, { durability: durability as "process", cluster: "test" });
  console.log("open");
  for (let number = 1;; number++) {
    const text = `${number} `.padEnd(Number(size), "x");
    await store.journal.append(new TextEncoder().encode(text));
    console.log(`confirmed ${number}`);
  }
} catch (error) {
  console.log(error instanceof Error ? `${error.name}: ${error.message}` : String(error));
}
