/**
 * The faults of a plan, carried out when their time comes, some of them at once.
 *
 * Each is said when it has been undone. Called by `chaos_run.ts`.
 * @module
 */
import { clock } from "./account.ts";
import type { ChaosCluster } from "./chaos_cluster.ts";
import { planFaults, type PlannedFault, type PlanOptions } from "./plan.ts";
import { strike, type StruckFault } from "./strike.ts";

/** What comes when, and who is told. */
export interface StormOptions extends PlanOptions {
  readonly say: (line: string) => void;
  /** Told of each process that was started. */
  readonly onProcess?: (pid: number) => void;
}

/** The faults of the plan, as they come. */
export class Storm {
  readonly faults: StruckFault[] = [];
  readonly #cluster: ChaosCluster;
  readonly #options: StormOptions;
  readonly #find: (text: string) => void;
  readonly #strikes: Promise<void>[] = [];
  readonly #calm = Promise.withResolvers<void>();
  #isOver = false;

  /** `find` is told of what can't be undone. */
  constructor(cluster: ChaosCluster, options: StormOptions, find: (text: string) => void) {
    this.#cluster = cluster;
    this.#options = options;
    this.#find = find;
  }

  /** Resolves when the last fault has been undone. */
  async run(): Promise<void> {
    const began = performance.now();
    const until = (ms: number) =>
      Promise.race([pause(Math.max(0, ms - (performance.now() - began))), this.#calm.promise]);
    for (const fault of planFaults(this.#options)) {
      await until(fault.atMs);
      if (this.#isOver) break;
      this.#strikes.push(this.#strike(fault));
    }
    await until(this.#options.stormMs);
    await Promise.all(this.#strikes);
  }

  /** No more faults come; resolves when all that was struck until now has been undone. */
  async end(): Promise<void> {
    this.#isOver = true;
    this.#calm.resolve();
    await Promise.all(this.#strikes);
  }

  async #strike(fault: PlannedFault): Promise<void> {
    try {
      const struck = await strike(this.#cluster, fault);
      this.faults.push(struck);
      const { number, kind, thing, at, until } = struck;
      const what = thing === null ? "nothing to hit" : `${thing}, ${until - at} ms`;
      this.#options.say(`${clock(at)} fault ${number} "${kind}": ${what}`);
      for (const pid of this.#cluster.newPids()) this.#options.onProcess?.(pid);
    } catch (error) {
      this.#find(`fault ${fault.number} ("${fault.kind.name}") could not be undone: ${error}`);
    }
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
