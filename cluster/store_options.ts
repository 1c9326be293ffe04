/**
 * Which store a cluster is to have, checked: what can't be meant together is refused before anything starts.
 *
 * Opens nothing. Called by `cluster_options.ts` and by the command line.
 * @module
 */
import { DURABILITIES, type Durability, STORE_KINDS, type StoreKind } from "../store/store.ts";
import type { StoreConfig } from "./control_line.ts";
import { profilePaths } from "./profile.ts";

/** What is said of the store of a cluster. */
export interface StoreChoice {
  readonly cluster: string;
  readonly store: string;
  /** Absent: `process` for a store that outlives the controller. */
  readonly durability?: string | undefined;
  /** Whether it runs on NATS servers of its own. */
  readonly onNats: boolean;
}

/** The configuration; undefined: nothing is stored. Throws `RangeError`. */
export function resolveStore({ cluster, store, durability, onNats }: StoreChoice): StoreConfig | undefined {
  const kind = known("store", store, STORE_KINDS);
  const level = durability === undefined ? undefined : known("durability", durability, DURABILITIES);
  if (kind === "memory") {
    if (level === undefined || level === "none") return undefined;
    throw new RangeError(
      `Cannot keep what outlives the ${
        level === "power" ? "machine" : "controller"
      } in memory: use the store "sqlite" ` +
        `or "jetstream" with the durability "${level}", or leave it out.`,
    );
  }
  if (kind === "jetstream" && !onNats) {
    throw new RangeError(
      `Cannot use the store "jetstream" with the embedded broker, which has none: name NATS servers with JetStream ` +
        `(--nats), or use the store "sqlite".`,
    );
  }
  return { kind, path: kind === "sqlite" ? profilePaths(cluster).store : null, durability: level ?? "process" };
}

function known<Name extends StoreKind | Durability>(what: string, value: string, names: readonly Name[]): Name {
  const name = names.find((one) => one === value);
  if (name !== undefined) return name;
  throw new RangeError(`Cannot use the ${what} "${value}": there are ${names.map((one) => `"${one}"`).join(", ")}.`);
}
