/**
 * The reference: a second scheduler, written from `semantics.md` alone, that is told what the core is told and checks
 * what the core makes of it. Sets and loops, no cleverness, nothing shared with the core but the types of its messages.
 *
 * It decides each task's state and outcome by itself; which engine a task goes to and what is forgotten when it takes
 * from the core, once it has seen that it is right. Throws a `Disagreement`. Driven by `trial.ts`.
 * @module
 */
import type { TaskId } from "../../protocol/ids.ts";
import type { TaskOutcome } from "../../protocol/outcome.ts";
import type { Effect, NameEngines, WelcomeHost } from "../../scheduler/core/effects.ts";
import type { SchedulerEvent } from "../../scheduler/core/events.ts";
import type { SchedulerOptions, StateCounts } from "../../scheduler/core/scheduler_core.ts";
import { agree } from "./disagreement.ts";
import { takeDispatches } from "./dispatch_check.ts";
import { takeForgotten } from "./forgetting_check.ts";
import { checkLiveCauses } from "./live_causes.ts";
import { engineIdsGiven, happen } from "./naive_events.ts";
import { conclude } from "./naive_outcomes.ts";
import { nextDueAt, passTime } from "./naive_time.ts";
import { NaiveWorld } from "./naive_world.ts";

/** The reference for one scheduler. */
export class NaiveScheduler {
  readonly world: NaiveWorld;

  constructor(options: SchedulerOptions) {
    this.world = new NaiveWorld(options);
  }

  /** What happened, what the core ordered, and what it says it has. */
  observe(event: SchedulerEvent, effects: readonly Effect[], counts: StateCounts): void {
    const w = this.world;
    const isFirst = w.now === -Infinity;
    w.now = Math.max(w.now, event.at);
    if (isFirst && w.options.graceMs > 0) w.graceUntil = w.now + w.options.graceMs;
    if (event.kind === "woke" || w.now >= w.wakeAt) w.wakeAt = Infinity;
    [w.settled, w.told, w.purged] = [[], [], []];
    passTime(w);
    // Who asked in the grace is answered when it ends, before the event that the time came with.
    const namings = effects.filter((effect) => effect.kind === "host-welcomed" || effect.kind === "engines-named");
    const late = namings.filter((naming) => !answers(naming, event));
    for (const { host, ids } of late) engineIdsGiven(w, host, ids);
    happen(w, event);
    for (const naming of namings) if (answers(naming, event)) engineIdsGiven(w, naming.host, naming.ids);
    conclude(w);
    takeDispatches(w, effects.filter((effect) => effect.kind === "dispatch"));
    this.#compareOutcomes(effects);
    takeForgotten(w, factsOf(effects, "task-forgotten").map(({ task }) => task));
    this.#compareCounts(counts);
    this.#checkWake(effects);
    checkLiveCauses(w);
  }

  /** Each task that was settled is written down once, and each client that is there is told. */
  #compareOutcomes(effects: readonly Effect[]): void {
    const line = (task: TaskId, outcome: string, attempts: number) => `${task} ${outcome} (attempts: ${attempts})`;
    const written = factsOf(effects, "task-settled").map((fact) =>
      line(fact.task, nameOf(fact.outcome), fact.attempts)
    );
    const settled = this.world.settled.map((task) => line(task.id, task.outcome ?? "", task.attempts));
    compareLists("settled", written, settled);
    const tellings = effects.filter((effect) => effect.kind === "settle")
      .map(({ task, outcome, attempts }) => line(task, nameOf(outcome), attempts));
    compareLists("told", tellings, this.world.told.map((told) => line(told.task, told.outcome, told.attempts)));
  }

  #compareCounts({ waiting, ready, assigned, settled }: StateCounts): void {
    const count = (...states: readonly string[]) =>
      [...this.world.tasks.values()].filter(({ state }) => states.includes(state)).length;
    const unassigned = count("waiting", "paused", "ready");
    const said = `${waiting + ready} unassigned, ${assigned} assigned, ${settled} kept`;
    const known = `${unassigned} unassigned, ${count("assigned")} assigned, ${this.world.kept.length} kept`;
    agree(said === known, "counts differ", () => `the core says ${said}; the reference ${known}`);
  }

  /** What will happen by itself needs somebody to come back for it. */
  #checkWake(effects: readonly Effect[]): void {
    const w = this.world;
    for (const effect of effects) if (effect.kind === "wake") w.wakeAt = effect.at;
    const due = nextDueAt(w);
    agree(w.wakeAt <= due, "never woken", () => `something is due at ${due}, the core sleeps until ${w.wakeAt}`);
  }
}

function answers(naming: WelcomeHost | NameEngines, event: SchedulerEvent): boolean {
  if (event.kind === "host-joined") {
    return naming.kind === "host-welcomed" && naming.host === event.host && naming.incarnation === event.incarnation;
  }
  return event.kind === "engines-requested" && naming.kind === "engines-named" && naming.request === event.request;
}

function factsOf<Kind extends "task-settled" | "task-forgotten">(effects: readonly Effect[], kind: Kind) {
  const facts = effects.flatMap((effect) => effect.kind === "facts" ? effect.facts : []);
  return facts.filter((fact): fact is Extract<typeof fact, { kind: Kind }> => fact.kind === kind);
}

function nameOf(outcome: TaskOutcome): string {
  return outcome.kind === "failed" ? outcome.error.name : outcome.kind;
}

function compareLists(rule: string, core: readonly string[], reference: readonly string[]): void {
  const extra = without(core, reference);
  const missing = without(reference, core);
  agree(
    extra.length + missing.length === 0,
    `${rule} otherwise`,
    () => `the core says [${extra.join("; ")}], the reference [${missing.join("; ")}]`,
  );
}

/** The first list less the second, each item as often as it is there more. */
function without(items: readonly string[], others: readonly string[]): string[] {
  const left = [...others];
  return items.filter((item) => {
    const found = left.indexOf(item);
    if (found >= 0) left.splice(found, 1);
    return found < 0;
  });
}
