/**
 * Long runs of the simulated cluster: `deno task simulate --seeds 10000 [--from 1] [--no-deps]`.
 *
 * Stops at the first seed that breaks a rule, prints the shortest story of it, and ends with exit code 1. `--no-deps`: no
 * task depends on another. Whatever else is given is wrong usage: exit code 2.
 * @module
 */
import { firstFailedSeed } from "../testing/simulation/run_seeds.ts";

const USAGE = "deno task simulate [--seeds N] [--from SEED] [--no-deps]";
/** After so many seeds it says how far it is. */
const NEWS_EVERY = 1_000;

interface Wanted {
  seeds: number;
  from: number;
  dependencies: boolean;
}

/** The flags; a text says what is wrong with them. */
function readFlags(args: readonly string[]): Wanted | string {
  const wanted: Wanted = { seeds: 1_000, from: 1, dependencies: true };
  for (let i = 0; i < args.length; i++) {
    const flag = args[i];
    if (flag === "--no-deps") wanted.dependencies = false;
    else if (flag === "--seeds" || flag === "--from") {
      const value = Number(args[++i] ?? NaN);
      if (!Number.isInteger(value) || value < 0) return `Cannot read "${flag}": it takes a whole number from 0 on`;
      wanted[flag === "--seeds" ? "seeds" : "from"] = value;
    } else return `Cannot use "${flag}": there is no such flag`;
  }
  return wanted;
}

/** Runs the seeds; the exit code. */
function main(args: readonly string[]): number {
  const wanted = readFlags(args);
  if (typeof wanted === "string") {
    console.error(`${wanted}; usage: ${USAGE}`);
    return 2;
  }
  const began = performance.now();
  const seconds = () => ((performance.now() - began) / 1_000).toFixed(1);
  const failed = firstFailedSeed({
    ...wanted,
    onSeed: (seed) => {
      const done = seed - wanted.from + 1;
      if (done % NEWS_EVERY === 0) console.error(`${done} of ${wanted.seeds} seeds, ${seconds()} s`);
    },
  });
  if (failed === null) {
    console.log(`${wanted.seeds} seeds from ${wanted.from} keep every rule, ${seconds()} s`);
    return 0;
  }
  console.log(`Seed ${failed.seed} breaks the rule "${failed.rule}": ${failed.what}`);
  console.log(`The shortest run that does:\n${failed.story}`);
  return 1;
}

if (import.meta.main) Deno.exit(main(Deno.args));
