/** Maps a function over sequences: in order, zipped, in chunks, and with some items failing. @module */
import { Client, CompositeError } from "../mod.ts";

await using client = await Client.connect();
await client.waitForEngines(1, { timeout: 30_000 });
const lview = client.loadBalancedView();

const xs = Array.from({ length: 32 }, (_, x) => x);
const parallel = await lview.map((x: number) => x ** 2, xs);
const serial = xs.map((x) => x ** 2);
console.log(`Equal to the serial result: ${parallel.every((value, index) => value === serial[index])}`);

// Several sequences are zipped; the shortest ends it. Any iterable will do.
const lines = await lview.map((n: number, word: string) => word.repeat(n), [1, 2, 3], new Set(["a", "b", "c"]));
console.log(`Zipped: ${lines.join(", ")}`);

// Small items travel better together: 8 of them make one task here.
const roots = await lview.with({ chunksize: 8 }).map((x: number) => Math.sqrt(x), xs);
console.log(`The roots add up to ${roots.reduce((sum, root) => sum + root, 0).toFixed(3)}`);

// Each item has its own outcome. Awaited, a map with failures rejects with all of them …
const picky = (x: number) => {
  if (x % 10 === 7) throw new RangeError(`${x} ends in 7`);
  return x;
};
try {
  await lview.map(picky, xs);
} catch (error) {
  if (!(error instanceof CompositeError)) throw error;
  console.log(error.message);
}

// … or has them in their places.
const mixed: unknown[] = await lview.with({ returnExceptions: true }).map(picky, xs);
console.log(`${mixed.filter((value) => value instanceof Error).length} of ${mixed.length} failed`);
