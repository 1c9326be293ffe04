/**
 * Code that was written for a pool of workers, on engines: the executor, and Piscina's and workerpool's own interfaces.
 *
 * `deno run -A examples/15_executor.ts`, with engines started by `start -n 4`.
 * @module
 */
import { Client, piscinaOn, workerpoolOn } from "../mod.ts";

await using client = await Client.connect();
const lview = client.loadBalancedView();

function isPrime(n: number): boolean {
  for (let d = 2; d * d <= n; d++) if (n % d === 0) return false;
  return n > 1;
}

// The executor: submit, map, and an end that waits. The engines stay.
{
  await using executor = lview.executor;
  const one = executor.submit(isPrime, 1_000_003);
  const many = await executor.map(isPrime, [7, 8, 9, 10, 11]);
  console.log(`executor: ${await one}, ${many.join(" ")}`);
}

// Piscina: was `import { Piscina } from "piscina"`. The worker file is any module: a file of yours travels as a bundle.
const Piscina = piscinaOn(lview);
const piscina = new Piscina({ filename: "node:zlib", name: "crc32" });
const sums = await Promise.all(["a", "b", "c"].map((text) => piscina.run(text)));
console.log(`piscina: ${sums.join(" ")}, ${piscina.completed} completed`);
await piscina.destroy();

// workerpool: was `import workerpool from "workerpool"`.
const workerpool = workerpoolOn(lview);
const pool = workerpool.pool();
console.log(`workerpool: ${await pool.exec((a: number, b: number) => a * b, [6, 7])}`);
const endless = pool.exec(() => new Promise(() => {})).timeout(100);
await endless.catch((error) => console.log(`workerpool: ${error.name} after 100 ms`));
await pool.terminate();
