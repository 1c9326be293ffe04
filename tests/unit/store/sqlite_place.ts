/** A folder with a SQLite store, for tests. @module */
import { openSqlite, type SqliteOptions } from "../../../store/sqlite/open_sqlite.ts";
import type { Store } from "../../../store/store.ts";
import type { StorePlace } from "./store_conformance.ts";

/** A temporary folder that goes with the test. */
export class SqlitePlace implements StorePlace {
  readonly folder: string;
  #copies = 0;

  constructor(folder: string) {
    this.folder = folder;
  }

  static async make(): Promise<SqlitePlace> {
    return new SqlitePlace(await Deno.makeTempDir({ prefix: "troupe-store-" }));
  }

  get path(): string {
    return `${this.folder}/journal.db`;
  }

  open(durability: SqliteOptions["durability"] = "process", options: Partial<SqliteOptions> = {}): Promise<Store> {
    return openSqlite(this.path, { durability, cluster: "test", ...options });
  }

  /** What lies on the disk at this moment is what a crash at this moment leaves. */
  async openAfterCrash(): Promise<Store> {
    return await openSqlite(await this.copy(), { durability: "process", cluster: "test" });
  }

  /** Copies the files as they are, and gives the path of the copy. */
  async copy(): Promise<string> {
    const path = `${this.folder}/copy${this.#copies++}.db`;
    await Deno.copyFile(this.path, path);
    await Deno.copyFile(`${this.path}-wal`, `${path}-wal`).catch((error) => {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    });
    return path;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }
}
