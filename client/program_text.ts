/**
 * A program for engines, from its text or its file: the parts that `execute` of the engine's namespace takes.
 *
 * Types are taken off in place; modules that lie beside the file travel inside it, as bundles. Loads the parser at first
 * use. Called by `direct_view.ts`.
 * @module
 */
import type { ScriptParts } from "../protocol/namespace.ts";
import { localModule } from "./module_bundle.ts";
import { importedSpecifiers, scriptParts } from "./script_parts.ts";

/** The parts of a text; types in it are taken off. Rejects with `SyntaxError` (line and column), `TypeError` for an import from a local file. */
export async function textParts(code: string, name: string): Promise<ScriptParts> {
  const { parse } = await import("../deps/acorn.ts");
  const parts = (text: string) => scriptParts(text, name, parse, placeless(name));
  try {
    return parts(code);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const plain = await plainText(code, `${name}.ts`).catch(() => code);
    // What is wrong with it, the first error says in the words for JavaScript.
    if (plain === code) throw error;
    return parts(plain);
  }
}

/** A text stands nowhere, so its imports are the same anywhere. Throws `TypeError` for those that are not. */
function placeless(name: string): (specifier: string) => string {
  return (specifier) => {
    if (!isLocal(specifier)) return specifier;
    throw new TypeError(
      `Cannot run "${name}": a text has no place to import ${JSON.stringify(specifier)} from; put it into a file and ` +
        `use run(file), or give a specifier such as "npm:lodash-es@4".`,
    );
  };
}

/**
 * The parts of a file, a path or `file:` URL. Rejects with what reading it fails with, as `textParts`, and with
 * `SerializationError` where a module beside it can't be bundled.
 */
export async function fileParts(file: string | URL): Promise<ScriptParts> {
  const url = fileUrl(file);
  const name = url.pathname.split("/").at(-1) ?? "file";
  const text = await plainText(await readText(url, name), name);
  const { parse } = await import("../deps/acorn.ts");
  const bundles = new Map<string, string>();
  for (const specifier of importedSpecifiers(text, name, parse)) {
    if (isLocal(specifier)) bundles.set(specifier, bundleUrl(new URL(specifier, url)));
  }
  return scriptParts(text, name, parse, (specifier) => bundles.get(specifier) ?? specifier);
}

function fileUrl(file: string | URL): URL {
  if (file instanceof URL) return file;
  if (typeof file !== "string" || file === "") {
    throw new TypeError(`Cannot run ${JSON.stringify(file) ?? String(file)}: it is no path of a file.`);
  }
  return new URL(file, new URL(`file://${Deno.cwd().replaceAll("\\", "/").replace(/^([A-Z]:)/i, "/$1")}/`));
}

async function readText(url: URL, name: string): Promise<string> {
  try {
    return await Deno.readTextFile(url);
  } catch (error) {
    // Deno's own words say which file, and not what it was wanted for.
    if (error instanceof Error) error.message = `Cannot run "${name}": ${error.message}`;
    throw error;
  }
}

/** JavaScript, with the positions of the file as long as its types say nothing at run time. */
async function plainText(text: string, name: string): Promise<string> {
  if (!/\.m?ts$/.test(name)) return text;
  const { stripTypeScriptTypes } = await import("node:module") as unknown as TypeStripper;
  try {
    return stripTypeScriptTypes(text, { mode: "strip" });
  } catch {
    // Enums and the like: these become code. What is wrong with the file, this says as well.
    try {
      return stripTypeScriptTypes(text, { mode: "transform" });
    } catch (cause) {
      throw new SyntaxError(`Cannot run "${name}": ${(cause as Error).message}`, { cause });
    }
  }
}

/** Missing from the types of Node's module. */
interface TypeStripper {
  stripTypeScriptTypes(code: string, options: { readonly mode: "strip" | "transform" }): string;
}

function isLocal(specifier: string): boolean {
  return /^(\.{0,2}\/|file:)/.test(specifier);
}

/** A module of this machine with all that it imports from files, as a URL that engines can import anywhere. */
function bundleUrl(module: URL): string {
  let binary = "";
  for (const byte of localModule(module.href).source) binary += String.fromCharCode(byte);
  return `data:text/javascript;base64,${btoa(binary)}`;
}
