/**
 * The lines of a journal: which facts are written down, and as what. Where tasks run is not: hosts say so.
 *
 * Types, and the choice. `entry_writer.ts` and `entry_reader.ts` know the bytes; `ledger.ts` folds.
 * @module
 */
import type { Fact } from "../../protocol/facts.ts";
import type { ContentHash, EngineId, Epoch, HostId, TaskId } from "../../protocol/ids.ts";
import type { TaskOutcome } from "../../protocol/outcome.ts";
import type { BlobRef } from "../../protocol/task_spec.ts";
import type { InheritedSession, InheritedTask } from "../core/events.ts";

/** What the first element of a written line says it is. */
export const LINE = {
  template: 0,
  accepted: 1,
  failed: 2,
  settled: 3,
  forgotten: 4,
  session: 5,
  host: 6,
  hostLost: 7,
  engine: 8,
  epoch: 9,
  origin: 10,
  code: 11,
} as const;

/** What a line says. */
export type JournalLine =
  | { readonly kind: "accepted"; readonly task: InheritedTask }
  | {
    readonly kind: "failed";
    readonly id: TaskId;
    readonly failure: NonNullable<InheritedTask["lastFailure"]>;
    /** It costs a retry; else the task's own line has counted it. */
    readonly counts: boolean;
  }
  | { readonly kind: "settled"; readonly id: TaskId; readonly settled: NonNullable<InheritedTask["settled"]> }
  | { readonly kind: "forgotten"; readonly id: TaskId }
  | ({ readonly kind: "session" } & InheritedSession)
  | { readonly kind: "host-joined" | "host-lost"; readonly host: HostId }
  /** `host`: where it is, so that the next life waits for that host. One without engines is not waited for. */
  | { readonly kind: "engine"; readonly id: EngineId; readonly host: HostId | null }
  | { readonly kind: "epoch"; readonly epoch: Epoch }
  /** Function code that lies on a host. Other code is a blob of the store. */
  | { readonly kind: "code"; readonly hash: ContentHash; readonly source: BlobRef };

/** What is written of a fact; `null`: nothing. */
export function journalLine(fact: Fact): JournalLine | null {
  switch (fact.kind) {
    case "task-accepted": {
      const { spec, submittedAt } = fact;
      return { kind: "accepted", task: { spec, submittedAt, failures: 0, lastFailure: null, settled: null } };
    }
    case "attempt-failed":
      return { kind: "failed", id: fact.task, failure: failureOf(fact), counts: true };
    case "task-settled": {
      const { at, outcome, engine, uuid, attempts, report } = fact;
      return { kind: "settled", id: fact.task, settled: { at, outcome, engine, uuid, attempts, report } };
    }
    case "task-forgotten":
      return { kind: "forgotten", id: fact.task };
    case "host-lost":
      return { kind: fact.kind, host: fact.host };
    case "engine-expected":
    case "engine-joined":
      return { kind: "engine", id: fact.engine, host: fact.host };
    case "epoch-began":
      return { kind: "epoch", epoch: fact.epoch };
    default:
      return null;
  }
}

/** What an attempt that failed made of its task, as far as it is written. */
function failureOf({ at, engine, reason, error }: Extract<Fact, { readonly kind: "attempt-failed" }>) {
  const message = `its last attempt failed on engine ${engine}: ${reason}`;
  const outcome: TaskOutcome = error === null
    ? { kind: "failed", error: { name: "EngineError", message } }
    : { kind: "threw", error };
  return { at, engine, outcome };
}
