/**
 * The source of Troupe without its tests: copied under another version, or listed for a server.
 *
 * Used by the `remote_*` and `url_*` tests.
 * @module
 */
import { dirname } from "node:path";

const ROOT = new URL("../../", import.meta.url);
/** What no program imports. */
const LEFT_OUT: ReadonlySet<string> = new Set(["tests", "bench", "docs", "examples", "tools", "node_modules"]);

/** Paths of all modules and what they load, from the root. */
export async function* sourcePaths(folder = ""): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(new URL(folder, ROOT))) {
    if (name.startsWith(".") || (folder === "" && LEFT_OUT.has(name))) continue;
    if (isDirectory) yield* sourcePaths(`${folder}${name}/`);
    else if (/\.(?:ts|js|html|css|json)$/.test(name)) yield folder + name;
  }
}

/** The bytes of one of them. */
export function readSource(path: string): Promise<Uint8Array<ArrayBuffer>> {
  return Deno.readFile(new URL(path, ROOT));
}

/** A copy of the source in `target`, with one file changed. */
export async function copySource(target: string, changed: string, change: (text: string) => string): Promise<void> {
  for await (const path of sourcePaths()) {
    await Deno.mkdir(dirname(`${target}/${path}`), { recursive: true });
    const bytes = await readSource(path);
    if (path !== changed) await Deno.writeFile(`${target}/${path}`, bytes);
    else await Deno.writeTextFile(`${target}/${path}`, change(new TextDecoder().decode(bytes)));
  }
}
