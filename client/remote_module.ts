/**
 * `remoteModule`: the functions of a module, to be run where the module is loaded, which is on the engines.
 *
 * Nothing of the module runs here. A module from a file travels as a bundle, any other is imported on the engine by its
 * specifier; either is loaded once in the life of an engine's process, and keeps its state there. Called by users.
 * @module
 */
import { MODULES_KEY } from "../protocol/shipped_names.ts";
import { localModule, type ModuleRef } from "./module_bundle.ts";
import { shipAs, type ShippedText } from "./shipped_text.ts";
import type { AnyFunction } from "./source_text.ts";

/** The functions that a module exports, typed as they are there. They run on engines only. */
export type RemoteModule<M> = { readonly [K in keyof M as M[K] extends AnyFunction ? K : never]: M[K] };

/**
 * References to the functions that a module exports, for `apply`, `map` and all else that ships functions. Called
 * directly, they throw `TypeError`.
 *
 * `specifier`: a full one. `file:`, mostly from `import.meta.resolve("./tasks.ts")`: the module travels with all that it
 * imports from files, as a text that `deno bundle` makes when a function of it is first submitted; where that can't be
 * made, the task fails with a `SerializationError`. `npm:`, `jsr:`, `node:`, `https:`: engines import it. Changes of the
 * files are seen by the next `remoteModule`. Throws `TypeError` for a specifier that is relative or bare.
 *
 * @example
 * ```ts
 * import { remoteModule } from "./remote_module.ts";
 *
 * const path = remoteModule<typeof import("node:path")>("node:path");
 * console.log(path.basename.name); // basename
 * // await lview.map(path.basename, ["/a/b.txt", "/c/d.txt"]); // ["b.txt", "d.txt"]
 * ```
 */
export function remoteModule<M>(specifier: string): RemoteModule<M> {
  const url = checkSpecifier(specifier);
  const functions = new Map<string, AnyFunction>();
  let ref: ModuleRef | null = null;
  const load = (): ModuleRef | null => url.protocol === "file:" ? ref ??= localModule(url.href) : null;
  const find = (name: string): AnyFunction => {
    const known = functions.get(name);
    if (known !== undefined) return known;
    const made = remoteFunction(specifier, name, load);
    functions.set(name, made);
    return made;
  };
  return new Proxy({}, {
    // A namespace is no promise, whatever awaits it.
    get: (_target, name) => typeof name === "string" && name !== "then" ? find(name) : undefined,
    set: () => false,
  }) as RemoteModule<M>;
}

function remoteFunction(specifier: string, name: string, load: () => ModuleRef | null): AnyFunction {
  const stand = (): never => {
    throw new TypeError(
      `Cannot call "${name}" of "${specifier}" here: it runs on engines; give it to a view, as in lview.apply(f, …) or ` +
        `lview.map(f, …), or import the module to call it in this program.`,
    );
  };
  Object.defineProperty(stand, "name", { value: name, configurable: true });
  return shipAs(stand, () => shipped(specifier, name, load()));
}

/** Its frames are left out of stacks by the name. */
function shipped(specifier: string, name: string, module: ModuleRef | null): ShippedText {
  const loaded = module === null
    ? `import(${JSON.stringify(specifier)})`
    : `globalThis[Symbol.for("${MODULES_KEY}")].load("${module.hash}")`;
  const quoted = JSON.stringify(name);
  const text = `async function troupeModuleCall(...args){const all=await ${loaded};const f=all[${quoted}];` +
    `if(typeof f!=="function")throw new TypeError("Cannot run \\""+${quoted}+"\\": "+${JSON.stringify(specifier)}+` +
    `" exports no such function; it exports "+(Object.keys(all).join(", ")||"nothing")+".");` +
    `return await f(...args)}`;
  return { text, modules: module === null ? [] : [module] };
}

function checkSpecifier(specifier: string): URL {
  if (typeof specifier === "string" && URL.canParse(specifier)) return new URL(specifier);
  const text = JSON.stringify(specifier) ?? String(specifier);
  throw new TypeError(
    `Cannot refer to the module ${text}: it is no full specifier; write "npm:…", "node:…" or a URL, and for a file of ` +
      `yours import.meta.resolve(${text}).`,
  );
}
