/** Counts the words of all files in a folder, in parallel and serially: `04_word_count.ts FOLDER`. @module */
import { Client } from "../mod.ts";

const [folder] = Deno.args;
if (folder === undefined) {
  console.error("Cannot count words: no folder is named; give one, as in: 04_word_count.ts ./docs");
  Deno.exit(2);
}

/** Runs on engines, which see no files: it gets the text itself. */
function countWords(text: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const [word] of text.toLowerCase().matchAll(/\p{L}+/gu)) counts.set(word, (counts.get(word) ?? 0) + 1);
  return counts;
}

function merge(parts: readonly Map<string, number>[]): Map<string, number> {
  const total = new Map<string, number>();
  for (const part of parts) {
    for (const [word, count] of part) total.set(word, (total.get(word) ?? 0) + count);
  }
  return total;
}

async function* filesIn(path: string): AsyncGenerator<string> {
  const entries = await Array.fromAsync(Deno.readDir(path));
  for (const { name, isDirectory, isFile } of entries.sort((a, b) => a.name < b.name ? -1 : 1)) {
    if (isDirectory && !name.startsWith(".")) yield* filesIn(`${path}/${name}`);
    else if (isFile) yield `${path}/${name}`;
  }
}

function sameCounts(a: Map<string, number>, b: Map<string, number>): boolean {
  return a.size === b.size && [...a].every(([word, count]) => b.get(word) === count);
}

const files = await Array.fromAsync(filesIn(folder));
const texts = await Promise.all(files.map((file) => Deno.readTextFile(file)));

await using client = await Client.connect();
await client.waitForEngines(1, { timeout: 30_000 });

const started = performance.now();
const parallel = merge(await client.loadBalancedView().map(countWords, texts));
const parallelMs = performance.now() - started;
const serial = merge(texts.map(countWords));

const top = [...parallel].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)).slice(0, 10);
console.log(
  `${files.length} files, ${parallel.size} different words, ${
    Math.round(parallelMs)
  } ms on ${client.ids.length} engines`,
);
for (const [word, count] of top) console.log(`${String(count).padStart(8)}  ${word}`);

const equal = sameCounts(parallel, serial);
console.log(`Equal to the serial result: ${equal}`);
if (!equal) Deno.exitCode = 1;
