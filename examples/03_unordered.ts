/** Takes results as they arrive, and draws from an endless sequence only as fast as results are used. @module */
import { Client } from "../mod.ts";

await using client = await Client.connect();
await client.waitForEngines(1, { timeout: 30_000 });
const lview = client.loadBalancedView();

const nap = async (ms: number) => {
  await new Promise((resolve) => setTimeout(resolve, ms));
  return ms;
};

// The longest nap was submitted first and comes last.
const arrived: number[] = [];
for await (const ms of lview.with({ ordered: false }).map(nap, [400, 10, 20, 30])) arrived.push(ms);
console.log(`As they arrived: ${arrived.join(", ")}`);

function* naturals() {
  for (let n = 1;; n++) yield n;
}

const isPrime = (n: number) => {
  for (let factor = 2; factor * factor <= n; factor++) if (n % factor === 0) return { n, prime: false };
  return { n, prime: n > 1 };
};

// At most 100 numbers are under way; leaving the loop ends them and closes the sequence.
const primes: number[] = [];
for await (const { n, prime } of lview.with({ maxOutstanding: 100, chunksize: 10 }).imap(isPrime, naturals())) {
  if (prime) primes.push(n);
  if (primes.length === 20) break;
}
console.log(`The first 20 primes: ${primes.join(", ")}`);
