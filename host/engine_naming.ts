/**
 * Has engines named that were started after their host had joined: asks the controller that knows this host for ids.
 *
 * One request at a time. Without a controller, or where it goes before it has answered, nothing is lost: the next
 * introduction counts all engines that have no name. Owned by the host's actor.
 * @module
 */
import type { EngineId } from "../protocol/ids.ts";
import type { Log } from "../wire/log.ts";
import type { EngineFleet } from "./engine_fleet.ts";

export interface EngineNamingOptions {
  readonly fleet: Pick<EngineFleet, "unnamed" | "assignIds">;
  readonly log: Log;
  /** Whether there is a controller that has taken this host. */
  readonly canAsk: () => boolean;
  /** Asks it for so many ids. */
  readonly ask: (count: number) => Promise<readonly EngineId[]>;
}

export class EngineNaming {
  readonly #options: EngineNamingOptions;
  #asking = false;

  constructor(options: EngineNamingOptions) {
    this.#options = options;
  }

  /** Engines were started, or a controller has taken this host: asks for the names that are missing. */
  look(): void {
    const { fleet, canAsk } = this.#options;
    if (!this.#asking && fleet.unnamed > 0 && canAsk()) void this.#ask(fleet.unnamed);
  }

  async #ask(count: number): Promise<void> {
    const { fleet, ask, log } = this.#options;
    this.#asking = true;
    let named = 0;
    try {
      const ids = await ask(count);
      named = ids.length;
      fleet.assignIds(ids);
    } catch (error) {
      log("info", "engines wait for a controller to name them", { count, reason: String(error) });
    }
    this.#asking = false;
    // None at all: it does not know this host any more, and will be told of it in the introduction.
    if (named > 0) this.look();
  }
}
