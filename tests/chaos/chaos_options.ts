/**
 * The options of `deno task chaos`, checked before anything starts.
 *
 * Pure but for the parser, which ends the program where they can't be meant. Called by `main.ts`.
 * @module
 */
import {
  choice,
  type InferValue,
  integer,
  message,
  object,
  option,
  optional,
  run,
  string,
  text,
  withDefault,
} from "../../deps/optique.ts";
import { FAULT_KINDS, type FaultKind } from "./fault_kinds.ts";

const LARGEST_SEED = 2 ** 32 - 1;

const grammar = object({
  minutes: withDefault(
    option("--minutes", string({ metavar: "MINUTES", pattern: /^\d+(?:\.\d+)?$/ }), {
      description: message`How long faults come.`,
    }),
    "5",
  ),
  seed: withDefault(
    option("--seed", integer({ min: 0, max: LARGEST_SEED }), { description: message`Fixes the faults and the load.` }),
    1,
  ),
  on: withDefault(
    option("--on", choice(["broker", "nats"], { metavar: "SERVER" }), {
      description: message`The embedded broker, or a nats-server of its own.`,
    }),
    "broker",
  ),
  store: withDefault(
    option("--store", choice(["memory", "sqlite", "jetstream"], { metavar: "STORE" }), {
      description: message`Of the controllers.`,
    }),
    "memory",
  ),
  standbys: withDefault(
    option("--standbys", integer({ min: 0 }), {
      description: message`Controllers that wait to take over; with --on nats and --store jetstream.`,
    }),
    0,
  ),
  hosts: withDefault(option("--hosts", integer({ min: 1 }), { description: message`Machines with engines.` }), 3),
  engines: withDefault(option("-n", "--engines", integer({ min: 1 }), { description: message`On each of them.` }), 2),
  lanes: withDefault(option("--lanes", integer({ min: 1 }), { description: message`Jobs at a time.` }), 10),
  gap: withDefault(
    option("--gap", integer({ min: 1 }), { description: message`Between two faults on average, ms.` }),
    3_000,
  ),
  only: optional(
    option("--only", string({ metavar: "WORDS" }), {
      description: message`Only kinds of faults whose name has this in it, as in ${text("engine killed")}.`,
    }),
  ),
  json: optional(
    option("--json", string({ metavar: "FILE" }), { description: message`Where the report goes as JSON too.` }),
  ),
  keepFiles: option("--keep-files", { description: message`Leave notes and logs, and say where.` }),
});

/** What was asked for. */
export type ChaosOptions = Omit<InferValue<typeof grammar>, "minutes"> & { readonly stormMs: number };

/** Reads them. */
export function readChaosOptions(args: readonly string[]): ChaosOptions {
  const { minutes, ...said } = run(grammar, {
    programName: "deno task chaos",
    args: [...args],
    brief: message`A cluster under load while all but its clients is killed, stopped and cut off, by a seed.`,
    help: "option",
    errorExitCode: 2,
    showDefault: true,
  });
  return { ...said, stormMs: Number(minutes) * 60_000 };
}

/** The kinds that there can be. Throws `RangeError` where none is left. */
export function kindsFor({ on, only }: Pick<ChaosOptions, "on" | "only">): readonly FaultKind[] {
  const kinds = FAULT_KINDS.filter(({ name, on: target }) =>
    (target !== "server" || on === "nats") && name.includes(only ?? "")
  );
  if (kinds.length > 0) return kinds;
  throw new RangeError(
    `Cannot strike "${only}": no kind of fault has that in its name; there are ` +
      `${FAULT_KINDS.map(({ name }) => `"${name}"`).join(", ")}.`,
  );
}
