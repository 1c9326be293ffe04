/**
 * The TypeScript sources of the project with their text, for the checks in this folder.
 * @module
 */
const ROOT = new URL("../", import.meta.url);
const SKIPPED = new Set(["node_modules", ".git", "out"]);

/** A source file: its path from the root of the project, with forward slashes, and its text. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

async function* walk(folder: string): AsyncGenerator<string> {
  for await (const entry of Deno.readDir(new URL(folder, ROOT))) {
    if (entry.isDirectory && !SKIPPED.has(entry.name)) yield* walk(`${folder}${entry.name}/`);
    else if (entry.isFile && entry.name.endsWith(".ts")) yield `${folder}${entry.name}`;
  }
}

/** All `.ts` files below the root, sorted by path. */
export async function sourceFiles(): Promise<SourceFile[]> {
  const paths: string[] = [];
  for await (const path of walk("./")) paths.push(path.slice(2));
  return await Promise.all(
    paths.sort().map(async (path) => ({ path, text: await Deno.readTextFile(new URL(path, ROOT)) })),
  );
}
