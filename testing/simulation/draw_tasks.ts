/**
 * Draws the load of a plan: maps, single tasks with every flag, and graphs of all shapes, in batches of several clients.
 *
 * Also what users get wrong: cycles, ids that are unknown, forgotten, their own or of direct tasks. Part of `draw_plan.ts`.
 * @module
 */
import { DIRECT_COUNTERS_FROM, type EngineId, type TaskId } from "../../protocol/ids.ts";
import { DEFAULT_FLAGS, type DependencySpec, type TaskFlags } from "../../protocol/task_spec.ts";
import type { Chance } from "./chance.ts";
import type { SubmitAction } from "./plan.ts";

type Flags = { -readonly [Name in keyof TaskFlags]?: TaskFlags[Name] };

/** Tasks of one batch, before they have their dependencies. */
interface Batch {
  readonly client: string;
  readonly ids: readonly TaskId[];
  /** Ids that were submitted before, by anybody. */
  readonly earlier: readonly TaskId[];
}

/** The tasks of all clients, in order of time. */
export function drawTasks(
  chance: Chance,
  clients: readonly string[],
  spanMs: number,
  { dependencies }: { readonly dependencies: boolean },
): SubmitAction[] {
  const tasks: SubmitAction[] = [];
  const counters = new Map<string, number>();
  const times = Array.from({ length: chance.between(1, 7) }, () => chance.below(spanMs)).sort((a, b) => a - b);
  for (const atMs of new Set(times)) {
    const client = chance.pick(clients);
    const first = counters.get(client) ?? 0;
    const count = chance.between(1, chance.pick([1, 4, 14]));
    counters.set(client, first + count);
    const ids = Array.from({ length: count }, (_, i) => `${client}-${first + i}` as TaskId);
    const batch = { client, ids, earlier: tasks.map(({ client, counter }) => `${client}-${counter}` as TaskId) };
    const links = dependencies && chance.happens(0.8) ? drawLinks(chance, batch) : [];
    const shared = drawFlags(chance, 0.2);
    ids.forEach((_, i) => {
      const drawn = { ...DEFAULT_FLAGS, ...shared, ...drawFlags(chance, 0.08), ...links[i] };
      const { flags, inputs } = withInputs(drawn, first + i);
      tasks.push({
        kind: "submit",
        atMs,
        client,
        counter: first + i,
        flags,
        ...inputs,
        runMs: chance.pick([0, 1, 5, 20, 100, 400]),
        stopsInMs: chance.happens(0.6) ? chance.below(20) : null,
        endsPart: chance.happens(0.1),
        alwaysThrows: false,
      });
    });
  }
  return tasks;
}

/** Every other task that wants tasks to succeed is given their results instead. */
function withInputs(flags: TaskFlags, counter: number): Pick<SubmitAction, "flags"> & { readonly inputs: Inputs } {
  const { after } = flags;
  if (after === null || !after.all || !after.success || after.failure || counter % 2 === 1) {
    return { flags, inputs: {} };
  }
  return { flags: { ...flags, after: null }, inputs: { inputs: after.ids } };
}

type Inputs = Pick<SubmitAction, "inputs">;

/** Each flag with this probability. */
function drawFlags(chance: Chance, share: number): Flags {
  const flags: Flags = {};
  if (chance.happens(2 * share)) flags.retries = chance.between(1, 3);
  if (chance.happens(share)) flags.priority = chance.between(-1, 1);
  if (chance.happens(share)) flags.timeoutMs = chance.pick([1, 30, 300, 3_000]);
  if (chance.happens(share)) flags.maxRuntimeMs = chance.pick([3, 50, 300]);
  if (chance.happens(share)) {
    flags.targets = Array.from({ length: chance.between(1, 2) }, () => chance.below(8) as EngineId);
  }
  if (chance.happens(share)) {
    flags.backoff = {
      initialMs: chance.pick([1, 20, 200]),
      factor: chance.pick([1, 2]),
      maxMs: 500,
      jitter: chance.pick([0, 0.5, 1]),
    };
  }
  return flags;
}

/** Dependencies for the tasks of a batch: one shape for all of it, and a few ids that are wrong. */
function drawLinks(chance: Chance, batch: Batch): Flags[] {
  const shape = chance.pick([chain, fanOut, fanIn, layers, anyGraph, anyGraph, cycle] as const);
  return shape(chance, batch).map((ids) => {
    const flags: Flags = {};
    const wrong = chance.happens(0.04) ? [drawWrongId(chance, batch)] : [];
    const named = [...new Set([...ids, ...wrong])];
    if (named.length === 0) return flags;
    const kind = chance.pick(["after", "after", "after", "follow", "both"] as const);
    if (kind !== "follow") flags.after = drawDependency(chance, named);
    if (kind !== "after") flags.follow = drawDependency(chance, kind === "both" ? [chance.pick(named)] : named);
    return flags;
  });
}

function drawDependency(chance: Chance, ids: readonly TaskId[]): DependencySpec {
  const what = chance.pick([[true, false], [true, false], [false, true], [true, true]] as const);
  return { ids, all: chance.happens(0.7), success: what[0], failure: what[1] };
}

function drawWrongId(chance: Chance, { client, ids, earlier }: Batch): TaskId {
  const wrong = [
    `${client}-${chance.between(900, 999)}`,
    `${client}-${DIRECT_COUNTERS_FROM + 1}`,
    "nobody-0",
    "garbage",
  ];
  return chance.pick([...wrong, ...earlier.slice(0, 2), ...ids.slice(0, 1)]) as TaskId;
}

type Shape = (chance: Chance, batch: Batch) => TaskId[][];

/** Each after the one before, submitted in any order. */
const chain: Shape = (chance, { ids }) => {
  const order = shuffled(chance, ids);
  return ids.map((id) => order.slice(0, order.indexOf(id)).slice(-1));
};

const fanOut: Shape = (_chance, { ids }) => ids.map((_, i) => i === 0 ? [] : ids.slice(0, 1));

const fanIn: Shape = (_chance, { ids }) => ids.map((_, i) => i === ids.length - 1 ? ids.slice(0, -1) : []);

/** Two layers, all to all. */
const layers: Shape = (_chance, { ids }) => {
  const half = ids.length >> 1;
  return ids.map((_, i) => i < half ? [] : ids.slice(0, half));
};

/** Any tasks that come before in a hidden order, or were submitted earlier. */
const anyGraph: Shape = (chance, { ids, earlier }) => {
  const order = [...earlier.slice(-10), ...shuffled(chance, ids)];
  return ids.map((id) => {
    const before = order.slice(0, order.indexOf(id));
    return before.length === 0 ? [] : Array.from({ length: chance.below(4) }, () => chance.pick(before));
  });
};

const cycle: Shape = (chance, { ids }) => {
  const length = chance.between(1, Math.min(4, ids.length));
  return ids.map((_, i) =>
    i < length && length > 1 ? [ids[(i + 1) % length] ?? "" as TaskId] : ids.slice(0, i).slice(-1)
  );
};

function shuffled<Item>(chance: Chance, items: readonly Item[]): Item[] {
  return items.map((item) => ({ item, at: chance.next() })).sort((a, b) => a.at - b.at).map(({ item }) => item);
}
