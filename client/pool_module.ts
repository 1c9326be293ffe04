/**
 * The functions that a worker file exports, called by name on engines: what pools are given instead of functions.
 *
 * Called by `piscina_pool.ts` and `workerpool_pool.ts`.
 * @module
 */
import { isAbsolute } from "node:path";
import { pathToFileURL } from "node:url";
import type { AsyncResult } from "./async_result.ts";
import type { Executor } from "./executor.ts";
import { remoteModule } from "./remote_module.ts";
import type { AnyFunction } from "./source_text.ts";
import type { FlagOptions } from "./task_flags.ts";

/** One worker file. */
export class PoolModule {
  readonly #specifier: string;
  /** Of a file on this machine, which travels as a bundle; `null`: engines import it. */
  readonly #bundled: Readonly<Record<string, AnyFunction>> | null;

  /** A path, or a specifier as `import.meta.resolve` gives it. Throws `TypeError` for what is neither. */
  constructor(file: string | URL) {
    const text = String(file);
    if (isAbsolute(text)) this.#specifier = pathToFileURL(text).href;
    else if (URL.canParse(text)) this.#specifier = text;
    else {
      throw new TypeError(
        `Cannot use the worker file ${JSON.stringify(text)}: a full path or URL is wanted; ` +
          `write import.meta.resolve(${JSON.stringify(text)}).`,
      );
    }
    this.#bundled = this.#specifier.startsWith("file:") ? remoteModule(this.#specifier) : null;
  }

  /** Calls the export `name`. Rejects where there is none. */
  call(executor: Executor, flags: FlagOptions, name: string, args: readonly unknown[]): AsyncResult<unknown> {
    const bundled = this.#bundled?.[name];
    if (bundled !== undefined) return executor.submitWith(flags, bundled, args);
    return executor.submitWith(flags, callExport, [this.#specifier, name, args]);
  }
}

/** Runs on engines: must use nothing but its arguments. */
async function callExport(specifier: string, name: string, args: readonly unknown[]): Promise<unknown> {
  const all: Record<string, unknown> = await import(specifier);
  // A worker file in CommonJS, or one that has both, has its functions in the default export.
  const inner = all.default as Record<string, unknown> | undefined;
  const f = all[name] ?? inner?.[name];
  if (typeof f === "function") return await f(...args);
  throw new TypeError(
    `Cannot run "${name}": "${specifier}" exports no such function; it exports ${
      Object.keys(all).join(", ") || "nothing"
    }.`,
  );
}
