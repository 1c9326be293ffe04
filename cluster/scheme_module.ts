/**
 * A scheme of the user's own: the default export of a module, `(loads, random) => index`.
 *
 * Imports it and keeps it from never coming back. Runs in the controller's process, and in one that only checks the
 * module (`scheme_check_main.ts`): never in the user's program or in the command line.
 * @module
 */
import vm from "node:vm";
import type { CustomScheme } from "../scheduler/core/scheduler_core.ts";
import { TimeoutError } from "../wire/errors.ts";

/** So long it may think about one task, ms. */
const LIMIT_MS = 100;

/** Whether a scheme, as a configuration has it, is the URL of a module and not a name. */
export function isSchemeModule(scheme: string): boolean {
  return scheme.includes(":");
}

/** What it prints goes to stderr: stdout is where a child process of ours reports. */
function keepReportsClean(): void {
  console.log = console.info = console.debug = console.error;
}

/** The function. Throws `TypeError` where the module can't be imported, or its default export is none. */
export async function importScheme(url: string): Promise<CustomScheme> {
  keepReportsClean();
  let module: { readonly default?: unknown };
  try {
    module = await import(url);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new TypeError(`Cannot use the scheme "${url}": its module can't be imported: ${reason}`, { cause });
  }
  const choose = module.default;
  if (typeof choose === "function") return choose as CustomScheme;
  throw new TypeError(
    `Cannot use the scheme "${url}": its default export is ${
      choose === undefined ? "missing" : `a ${typeof choose}`
    }; ` +
      `export a function (loads, random) => index.`,
  );
}

/** The same function, but that one which does not return is interrupted, and throws `TimeoutError`. */
export function guardScheme(choose: CustomScheme, limitMs: number = LIMIT_MS): CustomScheme {
  const place: { call: (() => unknown) | null } = { call: null };
  const context = vm.createContext(place);
  const script = new vm.Script("call()");
  return (loads, random) => {
    place.call = () => choose(loads, random);
    try {
      return script.runInContext(context, { timeout: limitMs });
    } catch (error) {
      if ((error as { code?: unknown } | null)?.code !== "ERR_SCRIPT_EXECUTION_TIMEOUT") throw error;
      throw new TimeoutError(`no answer within ${limitMs} ms`);
    }
  };
}
