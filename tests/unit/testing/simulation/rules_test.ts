/** A scheduler that lies is found out: each rule, told what must not be. @module */
import assert from "node:assert/strict";
import type { Fact } from "../../../../protocol/facts.ts";
import type { AttemptOutcome, TaskOutcome } from "../../../../protocol/outcome.ts";
import type { TaskFlags } from "../../../../protocol/task_spec.ts";
import type { Effect } from "../../../../scheduler/core/effects.ts";
import type { SchedulerEvent } from "../../../../scheduler/core/events.ts";
import { DEFAULT_OPTIONS, type SchedulerOptions } from "../../../../scheduler/core/scheduler_core.ts";
import { BrokenRule } from "../../../../testing/simulation/broken_rule.ts";
import { Ledger } from "../../../../testing/simulation/ledger.ts";
import { markBytes } from "../../../../testing/simulation/run_mark.ts";
import { engine, REPORT, spec } from "../../core/given.ts";

const THREW: AttemptOutcome = { kind: "threw", error: new Uint8Array([2]) };

/** What a scheduler of two engines on host "h" is told and says. */
class Witness {
  readonly ledger: Ledger;
  now = 1_000;
  #number = 0;

  constructor(options: Partial<SchedulerOptions> = {}) {
    this.ledger = new Ledger({ ...DEFAULT_OPTIONS, ...options }, { abortsAsked: new Set(), cameTooLate: new Set() });
    const joined = [0, 1].map((id) => ({
      kind: "engine-joined",
      at: this.now,
      engine: id,
      ...engine(id),
      id: undefined,
    }));
    this.step({ kind: "woke", at: this.now }, joined as unknown as Fact[]);
  }

  step(event: SchedulerEvent, facts: readonly Fact[] = [], more: readonly Effect[] = []): void {
    this.ledger.hear(event);
    this.ledger.see([{ kind: "facts", facts }, ...more], () => {});
  }

  accept(...tasks: readonly (readonly [id: string, flags?: Partial<TaskFlags>])[]): void {
    const specs = tasks.map(([id, flags]) => spec(id, flags));
    this.step(
      { kind: "tasks-submitted", at: this.now, session: "s" as never, specs, agesMs: null, more: false } as never,
      specs.map((one) => ({ kind: "task-accepted", at: this.now, spec: one, submittedAt: this.now })),
    );
  }

  /** Sends a task out; the number. */
  order(id: string, to: number, attempt = 1): number {
    const number = ++this.#number;
    const { uuid, host } = engine(to);
    const of = this.ledger.task(id as never)?.spec ?? spec(id);
    const order = { kind: "dispatch", host, engine: to, number, attempt, spec: of } as unknown as Effect;
    const fact = {
      kind: "task-assigned",
      at: this.now,
      task: id,
      engine: to,
      uuid,
      number,
      attempt,
    } as unknown as Fact;
    this.step({ kind: "woke", at: this.now }, [fact], [order]);
    return number;
  }

  /** The host reports an end, and the scheduler says this. */
  end(number: number, outcome: AttemptOutcome, ...facts: readonly unknown[]): void {
    const results = [{ number, outcome, report: REPORT }] as never;
    this.step(
      { kind: "attempts-ended", at: this.now, host: "h" as never, epoch: 1 as never, results },
      facts as Fact[],
    );
  }

  settled(id: string, outcome: TaskOutcome, attempts = 1, on = 0) {
    return {
      kind: "task-settled",
      at: this.now,
      task: id,
      outcome,
      engine: on,
      uuid: engine(on).uuid,
      attempts,
      report: null,
    };
  }

  failed(id: string) {
    return { kind: "attempt-failed", at: this.now, task: id, engine: 0, reason: "it threw" };
  }
}

function done(id: string, number: number, on = 0) {
  return {
    kind: "done",
    value: markBytes({ task: id as never, uuid: engine(on).uuid, dispatch: `1:${number}` }),
  } as const;
}

function system(name: string): TaskOutcome {
  return { kind: "failed", error: { name: name as never, message: "" } };
}

function breaks(rule: string, act: () => void): void {
  assert.throws(act, (error) => error instanceof BrokenRule && error.rule === rule);
}

Deno.test("an honest life breaks no rule", () => {
  const witness = new Witness();
  witness.accept(["s-0"], ["s-1", { retries: 1 }]);
  const [first, second] = [witness.order("s-0", 0), witness.order("s-1", 1)];
  witness.end(first, done("s-0", first), witness.settled("s-0", done("s-0", first)));
  witness.end(second, THREW, witness.failed("s-1"));
  const third = witness.order("s-1", 0, 2);
  witness.end(third, done("s-1", third), witness.settled("s-1", done("s-1", third), 2));
  assert.equal(witness.ledger.open.size, 0);
});

Deno.test("a second outcome, and one that is not of the current attempt", () => {
  const witness = new Witness();
  witness.accept(["s-0"]);
  const number = witness.order("s-0", 0);
  breaks("outcomes are true", () => witness.end(number, THREW, witness.settled("s-0", done("s-0", number))));
  const again = new Witness();
  again.accept(["s-0"]);
  const one = again.order("s-0", 0);
  again.end(one, done("s-0", one), again.settled("s-0", done("s-0", one)));
  breaks("no task is settled twice", () =>
    again.step({ kind: "woke", at: 1_000 }, [
      again.settled("s-0", system("TaskTimeout")) as unknown as Fact,
    ]));
});

Deno.test("an engine that is said to have run what another ran, and attempts that are miscounted", () => {
  const witness = new Witness();
  witness.accept(["s-0"], ["s-1", { retries: 1 }]);
  const [first, second] = [witness.order("s-0", 0), witness.order("s-1", 1)];
  breaks(
    "outcomes are true",
    () => witness.end(first, done("s-0", first), witness.settled("s-0", done("s-0", first), 1, 1)),
  );
  breaks(
    "outcomes are true",
    () => witness.end(second, done("s-1", second, 1), witness.settled("s-1", done("s-1", second, 1), 2, 1)),
  );
});

Deno.test("a task that goes out twice, over the mark, or where it must not", () => {
  const witness = new Witness();
  witness.accept(["s-0"], ["s-1"], ["s-2", { targets: [1 as never] }]);
  witness.order("s-0", 0);
  breaks("one attempt at a time", () => witness.order("s-0", 1));
  breaks("the mark is kept", () => witness.order("s-1", 0));
  const other = new Witness();
  other.accept(["s-2", { targets: [1 as never] }]);
  breaks("where a task may run", () => other.order("s-2", 0));
});

Deno.test("a task that goes back to an engine that it declined, or that failed it while there is another", () => {
  const witness = new Witness();
  witness.accept(["s-0", { retries: 1 }]);
  witness.end(witness.order("s-0", 0), { kind: "declined", error: new Uint8Array() });
  breaks("where a task may run", () => witness.order("s-0", 0));
  const other = new Witness();
  other.accept(["s-0", { retries: 1 }]);
  other.end(other.order("s-0", 0), THREW, other.failed("s-0"));
  breaks("where a task may run", () => other.order("s-0", 0, 2));
});

Deno.test("an attempt too many, and one before its pause is over", () => {
  const witness = new Witness();
  witness.accept(["s-0"], ["s-1", { retries: 1, backoff: { initialMs: 50, factor: 1, maxMs: 50, jitter: 0 } }]);
  const [first, second] = [witness.order("s-0", 0), witness.order("s-1", 1)];
  breaks("no attempt too many", () => witness.end(first, THREW, witness.failed("s-0")));
  witness.end(second, THREW, witness.failed("s-1"));
  witness.now += 49;
  breaks("where a task may run", () => witness.order("s-1", 0, 2));
});

Deno.test("a task that overtakes an older one, a higher one, or a client whose turn it is", () => {
  const witness = new Witness();
  witness.accept(["s-0"], ["s-1"]);
  breaks("the queue is in order", () => witness.order("s-1", 0));
  const other = new Witness();
  other.accept(["s-0"], ["s-1", { priority: 1 }]);
  breaks("the queue is in order", () => other.order("s-0", 0));
});

Deno.test("a task that goes before what it waits for, and one that fails although it could run", () => {
  const after = (success: boolean) => ({ after: { ids: ["s-0"] as never, all: true, success, failure: !success } });
  const witness = new Witness();
  witness.accept(["s-0"], ["s-1", after(true)]);
  breaks("dependencies are kept", () => witness.order("s-1", 0));
  const other = new Witness();
  other.accept(["s-0"], ["s-1", after(true)]);
  const impossible = other.settled("s-1", system("ImpossibleDependency"), 0) as unknown as Fact;
  breaks("outcomes are true", () => other.step({ kind: "woke", at: 1_000 }, [impossible]));
});

Deno.test("an abort that nobody asked for, and one that its host is not told", () => {
  const witness = new Witness();
  witness.accept(["s-0"], ["s-1"]);
  const aborted = (id: string) => witness.settled(id, system("TaskAborted"), 0) as unknown as Fact;
  breaks("outcomes are true", () => witness.step({ kind: "woke", at: 1_000 }, [aborted("s-1")]));
  witness.order("s-0", 0);
  breaks(
    "nothing is left over",
    () => witness.step({ kind: "abort-requested", at: 1_000, ids: ["s-0" as never] }, [aborted("s-0")]),
  );
});

Deno.test("a time-out before its time, and of a task that came back for nothing", () => {
  const witness = new Witness();
  witness.accept(["s-0", { timeoutMs: 100 }]);
  const number = witness.order("s-0", 0);
  witness.end(number, { kind: "returned" }, { kind: "task-returned", at: 1_000, task: "s-0", engine: 0 });
  const late = witness.settled("s-0", system("DependencyTimeout"), 0) as unknown as Fact;
  breaks("outcomes are true", () => witness.step({ kind: "woke", at: 2_000 }, [late]));
});

Deno.test("what a waiting task names is forgotten", () => {
  const witness = new Witness();
  witness.accept(["s-0"], ["s-1"], ["s-2", {
    after: { ids: ["s-0", "s-1"] as never, all: true, success: true, failure: false },
  }]);
  const number = witness.order("s-0", 0);
  const forgotten = { kind: "task-forgotten", at: 1_000, task: "s-0" };
  breaks(
    "what is waited for is not forgotten",
    () => witness.end(number, done("s-0", number), witness.settled("s-0", done("s-0", number)), forgotten),
  );
});

Deno.test("a target is said to be gone whose engine is on its way back", () => {
  const left = (returns: boolean) => ({
    kind: "engine-left",
    at: 1_000,
    engine: 1,
    reason: "",
    requested: false,
    returns,
  });
  const gone = (witness: Witness, id: string) =>
    witness.settled(id, system("ImpossibleDependency"), 0) as unknown as Fact;
  const witness = new Witness();
  witness.accept(["s-0", { targets: [1 as never] }], ["s-1", { targets: [5 as never] }]);
  witness.step({ kind: "woke", at: 1_000 }, [left(true) as unknown as Fact]);
  breaks("outcomes are true", () => witness.step({ kind: "woke", at: 1_000 }, [gone(witness, "s-0")]));
  const host = { host: "g", incarnation: "i", hostname: "", pid: 1, packageVersion: "0" };
  const hello = { kind: "host-joined", at: 1_000, ...host, newEngines: 0, engines: [], returning: [5], held: [] };
  witness.step(hello as never, [{ kind: "host-joined", at: 1_000, ...host } as never]);
  breaks("outcomes are true", () => witness.step({ kind: "woke", at: 1_000 }, [gone(witness, "s-1")]));
  const other = new Witness();
  other.accept(["s-0", { targets: [1 as never] }]);
  other.step({ kind: "woke", at: 1_000 }, [left(false) as unknown as Fact, gone(other, "s-0")]);
});
