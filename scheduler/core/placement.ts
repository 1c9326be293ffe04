/**
 * Brings ready tasks and free engines together: which task leaves next, and where to.
 *
 * Only finds pairs; assigning them is `assignment.ts`'s work. Costs O(log engines + log groups) for each pair. A group
 * whose engines are all busy is put aside until one of them becomes free.
 * @module
 */
import type { EngineId, HostId } from "../../protocol/ids.ts";
import { EnginePool } from "./engine_pool.ts";
import type { EngineRecord } from "./engine_record.ts";
import type { Estimates } from "./estimates.ts";
import { IndexedHeap } from "./indexed_heap.ts";
import { PlacementGroup, type Restriction, restrictionKey } from "./placement_group.ts";
import type { SeededRandom } from "./random.ts";
import { lessRecentlyUsed, type Scheme } from "./scheme.ts";
import type { SessionRecord } from "./session_record.ts";
import type { TaskRecord } from "./task_record.ts";

/** Looks engines up: what `Placement` needs of the registry. */
export interface EngineLookup {
  current(id: EngineId): EngineRecord | null;
  alive(): Iterable<EngineRecord>;
  onHost(host: HostId): Iterable<EngineRecord>;
}

function leavesBefore(a: TaskRecord, aServed: number, b: TaskRecord, bServed: number): boolean {
  if (a.flags.priority !== b.flags.priority) return a.flags.priority > b.flags.priority;
  if (aServed !== bServed) return aServed < bServed;
  if (a.session !== b.session) return a.session.serial < b.session.serial;
  return a.order < b.order;
}

function restrictionOf(task: TaskRecord): Restriction {
  const places = task.waits?.places ?? null;
  return {
    targets: task.flags.targets,
    onlyOn: places === null ? null : [...places.alive.keys()],
    declinedOn: task.declinedOn,
    failedOn: task.failedOn,
  };
}

function ranksBefore(a: PlacementGroup, b: PlacementGroup): boolean {
  if (a.ranked === null || b.ranked === null) return b.ranked !== null;
  return leavesBefore(a.ranked, a.rankedServed, b.ranked, b.rankedServed);
}

/** All ready tasks by group, all free engines in one pool. */
export class Placement {
  readonly pool: EnginePool;
  readonly #scheme: Scheme;
  readonly #random: SeededRandom;
  readonly #engines: EngineLookup;
  readonly #estimates: Estimates;
  /** Groups with tasks, by their key. */
  readonly #groups: Map<string, PlacementGroup> = new Map();
  /** The same that name engines, by engine. */
  readonly #byTarget: Map<EngineId, Set<PlacementGroup>> = new Map();
  /** The same that name none but are restricted. */
  readonly #open: Set<PlacementGroup> = new Set();
  /** The groups that may find a free engine, the one whose task leaves next first. */
  readonly #runnable = new IndexedHeap<PlacementGroup>(ranksBefore);
  /** The keys of target lists, which the tasks of one `map` share. */
  readonly #targetKeys: WeakMap<readonly EngineId[], string> = new WeakMap();

  constructor(scheme: Scheme, random: SeededRandom, engines: EngineLookup, estimates: Estimates) {
    this.pool = new EnginePool(scheme);
    this.#scheme = scheme;
    this.#random = random;
    this.#engines = engines;
    this.#estimates = estimates;
  }

  get groups(): Iterable<PlacementGroup> {
    return this.#groups.values();
  }

  /** A task became ready. As the first of a group that was put aside it may be short enough for the room there is. */
  push(task: TaskRecord): void {
    const group = this.#groupOf(task);
    task.group = group;
    const hadNone = group.queue.size === 0 || (group.heapIndex < 0 && group.queue.first === null);
    group.queue.push(task);
    if (group.heapIndex >= 0) this.#rank(group);
    else if (hadNone || (group.queue.first === task && this.pool.mostRoomUs > 0)) this.#activate(group);
  }

  /** A ready task is ready no more. */
  remove(task: TaskRecord): void {
    const group = task.group;
    if (group === null) return;
    group.queue.remove(task);
    task.group = null;
    if (group.queue.size === 0) this.#drop(group);
    else if (group.heapIndex >= 0) this.#rank(group);
    else if (this.pool.mostRoomUs > 0) this.#activate(group);
  }

  /** A client has fallen behind with its results, or caught up. */
  paceChanged(session: SessionRecord): void {
    for (const group of this.#groups.values()) {
      group.queue.paceChanged(session);
      if (group.heapIndex >= 0) this.#rank(group);
      else if (!session.behind) this.#activate(group);
    }
  }

  /** The next task to leave and its engine; `null`: nothing can run now. The caller assigns it before asking again. */
  next(now: number): { readonly task: TaskRecord; readonly engine: EngineRecord } | null {
    while (!this.pool.isEmpty) {
      const group = this.#firstRunnable();
      const task = group?.ranked ?? null;
      if (group === null || task === null) return null;
      const engine = this.#pickNear(group, task) ?? this.#pick(group) ?? this.#pickAhead(group, task, now);
      if (engine !== null) return { task, engine };
      this.#runnable.remove(group);
    }
    return null;
  }

  /** Whether the task, wherever it is now, may run on this engine. Says nothing of its load. */
  mayRunOn(task: TaskRecord, engine: EngineRecord): boolean {
    const restriction = restrictionOf(task);
    const key = this.#keyOf(restriction);
    return key === "" || (this.#groups.get(key) ?? new PlacementGroup(key, restriction)).accepts(engine);
  }

  /** The keys of the groups that were looked at and found no engine, for a snapshot. */
  get putAside(): readonly string[] {
    return [...this.#groups.values()].filter(({ heapIndex }) => heapIndex < 0).map(({ key }) => key).sort();
  }

  /** Puts groups aside as they were. What such a group waits for may have come near without having been looked at. */
  putAsideAgain(keys: readonly string[]): void {
    for (const key of keys) {
      const group = this.#groups.get(key);
      if (group !== undefined && group.heapIndex >= 0) this.#runnable.remove(group);
    }
  }

  /** Load or liveness of an engine changed. */
  engineChanged(engine: EngineRecord): void {
    if (!this.pool.refresh(engine)) return;
    const anywhere = this.#groups.get("");
    if (anywhere !== undefined) this.#activate(anywhere);
    for (const group of this.#byTarget.get(engine.id) ?? []) if (group.accepts(engine)) this.#activate(group);
    for (const group of this.#open) if (group.accepts(engine)) this.#activate(group);
  }

  /** An engine came or went: whether failed tasks still have an engine to wait for may have changed. */
  enginesChanged(): void {
    for (const group of this.#groups.values()) {
      if (group.failedOn.size > 0 && this.#judge(group)) this.#activate(group);
    }
  }

  /** The groups that name this engine. */
  groupsNaming(id: EngineId): readonly PlacementGroup[] {
    return [...this.#byTarget.get(id) ?? []];
  }

  /** Engines that take tasks and are allowed to take those of this group. */
  *takers(group: PlacementGroup): Generator<EngineRecord> {
    for (const engine of this.#candidates(group)) if (engine.takesTasks && group.allows(engine)) yield engine;
  }

  *#candidates(group: PlacementGroup): Generator<EngineRecord> {
    if (group.ids === null) return yield* this.#engines.alive();
    for (const id of group.ids) {
      const engine = this.#engines.current(id);
      if (engine !== null) yield engine;
    }
  }

  #groupOf(task: TaskRecord): PlacementGroup {
    const restriction = restrictionOf(task);
    const key = this.#keyOf(restriction);
    const found = this.#groups.get(key);
    if (found !== undefined) return found;
    const group = new PlacementGroup(key, restriction);
    this.#groups.set(key, group);
    for (const id of group.ids ?? []) this.#groupsOf(id).add(group);
    if (key !== "" && group.ids === null) this.#open.add(group);
    if (group.failedOn.size > 0) this.#judge(group);
    return group;
  }

  #keyOf(restriction: Restriction): string {
    const { targets, onlyOn, declinedOn, failedOn } = restriction;
    if (targets === null || onlyOn !== null || declinedOn !== null || failedOn !== null) {
      return restrictionKey(restriction);
    }
    let key = this.#targetKeys.get(targets);
    if (key === undefined) this.#targetKeys.set(targets, key = restrictionKey(restriction));
    return key;
  }

  #groupsOf(id: EngineId): Set<PlacementGroup> {
    let groups = this.#byTarget.get(id);
    if (groups === undefined) this.#byTarget.set(id, groups = new Set());
    return groups;
  }

  #drop(group: PlacementGroup): void {
    if (group.heapIndex >= 0) this.#runnable.remove(group);
    this.#groups.delete(group.key);
    this.#open.delete(group);
    for (const id of group.ids ?? []) {
      const groups = this.#groupsOf(id);
      groups.delete(group);
      if (groups.size === 0) this.#byTarget.delete(id);
    }
  }

  /** Sets `anyFailed`; says whether it changed. */
  #judge(group: PlacementGroup): boolean {
    let anyFailed = true;
    for (const engine of this.takers(group)) {
      if (group.failedOn.has(engine.serial)) continue;
      anyFailed = false;
      break;
    }
    const changed = group.anyFailed !== anyFailed;
    group.anyFailed = anyFailed;
    return changed;
  }

  #activate(group: PlacementGroup): void {
    if (group.heapIndex >= 0 || group.queue.first === null) return;
    group.ranked = group.queue.first;
    group.rankedServed = group.ranked?.session.served ?? 0;
    this.#runnable.push(group);
  }

  #rank(group: PlacementGroup): void {
    const first = group.queue.first;
    if (first === null) return this.#runnable.remove(group);
    const { served } = first.session;
    if (first === group.ranked && served === group.rankedServed) return;
    group.ranked = first;
    group.rankedServed = served;
    this.#runnable.update(group);
  }

  #firstRunnable(): PlacementGroup | null {
    for (let group = this.#runnable.first; group !== null; group = this.#runnable.first) {
      const first = group.queue.first;
      if (first !== null && first === group.ranked && first.session.served === group.rankedServed) return group;
      // Its client was served from elsewhere meanwhile, which only ever moves the group back.
      this.#rank(group);
    }
    return null;
  }

  #pick(group: PlacementGroup): EngineRecord | null {
    if (group.key === "") return this.#scheme.pick(this.pool, this.#random);
    const only = group.ids !== null && group.ids.size === 1 ? group.ids.values().next().value : undefined;
    if (only !== undefined) {
      const engine = this.#engines.current(only);
      return engine !== null && this.pool.has(engine) && group.accepts(engine) ? engine : null;
    }
    return this.#scheme.pickWhere(this.pool, (engine) => group.accepts(engine), this.#random);
  }

  /**
   * An engine that can start the task at once and has the biggest of its inputs at hand: the one that made it, or another
   * of the same host. `null`: there is none, and to move the input is better than to wait.
   */
  #pickNear(group: PlacementGroup, { near }: TaskRecord): EngineRecord | null {
    if (near === null) return null;
    const suits = (engine: EngineRecord | null): engine is EngineRecord =>
      engine !== null && engine.host.id === near.host && engine.load < engine.slots && this.pool.has(engine) &&
      group.accepts(engine);
    const maker = near.engine === null ? null : this.#engines.current(near.engine);
    if (suits(maker)) return maker;
    let found: EngineRecord | null = null;
    for (const engine of this.#engines.onHost(near.host)) {
      if (suits(engine) && (found === null || lessRecentlyUsed(engine, found))) found = engine;
    }
    return found;
  }

  /** No engine is free for the task: the one that has the most room for it, if that is enough. */
  #pickAhead(group: PlacementGroup, task: TaskRecord, now: number): EngineRecord | null {
    this.pool.dropLate(now);
    if (this.pool.mostRoomUs === 0) return null;
    const expectedUs = this.#estimates.of(task.spec.template.code);
    if (expectedUs > this.pool.mostRoomUs) return null;
    const accepts = (engine: EngineRecord) =>
      engine.seenRoomUs >= expectedUs && !engine.isLate(now) && group.accepts(engine) && !this.#isAwaited(engine, task);
    const only = group.ids !== null && group.ids.size === 1 ? group.ids.values().next().value : undefined;
    if (only === undefined) return this.pool.roomiestWhere(accepts);
    const engine = this.#engines.current(only);
    return engine !== null && this.pool.hasRoom(engine) && accepts(engine) ? engine : null;
  }

  /** Whether a task that leaves before this one waits for the engine, too long to be sent there ahead. */
  #isAwaited(engine: EngineRecord, by: TaskRecord): boolean {
    const isBefore = (group: PlacementGroup | undefined): boolean => {
      const first = group?.queue.first ?? null;
      return group !== undefined && first !== null && first !== by && group.accepts(engine) &&
        leavesBefore(first, first.session.served, by, by.session.served);
    };
    if (isBefore(this.#groups.get(""))) return true;
    for (const group of this.#byTarget.get(engine.id) ?? []) if (isBefore(group)) return true;
    for (const group of this.#open) if (isBefore(group)) return true;
    return false;
  }
}
