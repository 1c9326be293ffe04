/**
 * Runs the initializer of an engine: a module, as one text, whose default export is called once before tasks come.
 *
 * What it returns, or what its promise comes to, is `currentTask().state` for all tasks of this process. Called by
 * `engine.ts`.
 * @module
 */

/** Rejects with what the module or the function threw; `TypeError` where there is no function. */
export async function runInitializer(text: string): Promise<unknown> {
  const url = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
  try {
    const { default: initialize } = await import(url) as { readonly default?: unknown };
    if (typeof initialize !== "function") {
      throw new TypeError(
        `Cannot initialize this engine: the default export of the module is ${typeof initialize}, and not a function`,
      );
    }
    return await (initialize as () => unknown)();
  } finally {
    URL.revokeObjectURL(url);
  }
}
