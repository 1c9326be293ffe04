/** Makes facts and specs with few words, for the tests of this folder. @module */
import { HubActor } from "../../../hub/hub_actor.ts";
import { ActorSystem } from "../../../actors/actor_system.ts";
import type { Fact } from "../../../protocol/facts.ts";
import type { ContentHash, DispatchNumber, EngineId, EngineUuid, TaskId } from "../../../protocol/ids.ts";
import type { AttemptReport, TaskOutcome } from "../../../protocol/outcome.ts";
import { DEFAULT_FLAGS, type TaskFlags, type TaskSpec } from "../../../protocol/task_spec.ts";
import { encodeError } from "../../../wire/error_codec.ts";
import { encodeValue } from "../../../wire/value_codec.ts";
import { FakeClock } from "../../../testing/fake_clock.ts";
import type { Clock } from "../../../wire/clock.ts";

export const DONE: TaskOutcome = { kind: "done", value: encodeValue(1) };

export function threw(error: unknown): TaskOutcome {
  return { kind: "threw", error: encodeError(error) };
}

export function specOf(id: string, flags: Partial<TaskFlags> = {}, args = new Uint8Array()): TaskSpec {
  const template = {
    code: "0".repeat(64) as ContentHash,
    name: "f",
    flags: { ...DEFAULT_FLAGS, ...flags },
    captures: null,
  };
  return { id: id as TaskId, template, args };
}

export function accepted(spec: TaskSpec, at: number): Fact & { kind: "task-accepted" } {
  return { kind: "task-accepted", at, spec, submittedAt: at };
}

export function assigned(id: string, at: number, engine: number, attempt = 1): Fact & { kind: "task-assigned" } {
  return {
    kind: "task-assigned",
    at,
    task: id as TaskId,
    engine: engine as EngineId,
    uuid: `u${engine}` as EngineUuid,
    number: 1 as DispatchNumber,
    attempt,
  };
}

export function settled(
  id: string,
  at: number,
  outcome: TaskOutcome,
  engine: number | null,
  report: Partial<AttemptReport> | null = {},
): Fact & { kind: "task-settled" } {
  return {
    kind: "task-settled",
    at,
    task: id as TaskId,
    outcome,
    engine: engine as EngineId | null,
    uuid: engine === null ? null : `u${engine}` as EngineUuid,
    attempts: engine === null ? 0 : 1,
    report: report === null ? null : { runMs: 5, ageMs: 0, stdout: "", stderr: "", ...report },
  };
}

/** A hub in this process, on a clock that stands still unless given another. Times of facts are ms since it began. */
export async function hubOf(clock: Clock = new FakeClock()) {
  const system = ActorSystem.local({ clock });
  const options = { cluster: "c", epoch: 1, pid: 1, scheme: "leastload", schemeProblem: null, hwm: 1 };
  const began = system.clock.wallTime();
  const hub = await system.spawn(HubActor, { name: "hub", args: [options] });
  const tell = (...facts: readonly Fact[]) => hub.cast.facts(facts.map((fact) => moved(fact, began)));
  return { hub: hub.call, tell, [Symbol.asyncDispose]: () => system.close() };
}

function moved(fact: Fact, by: number): Fact {
  const at = fact.at + by;
  return fact.kind === "task-accepted" ? { ...fact, at, submittedAt: fact.submittedAt + by } : { ...fact, at };
}
