import assert from "node:assert/strict";
import type { EngineId, Epoch, HostId, Incarnation, TaskId } from "../../../../protocol/ids.ts";
import type { Effect } from "../../../../scheduler/core/effects.ts";
import { violations } from "../../../../scheduler/core/invariants.ts";
import { coreOver, createScheduler } from "../../../../scheduler/core/scheduler.ts";
import { DEFAULT_OPTIONS } from "../../../../scheduler/core/scheduler_core.ts";
import type { Snapshot } from "../../../../scheduler/core/snapshot.ts";
import { SchedulerState } from "../../../../scheduler/core/state.ts";
import { EntryReader } from "../../../../scheduler/journal/entry_reader.ts";
import { EntryWriter } from "../../../../scheduler/journal/entry_writer.ts";
import { journalLine } from "../../../../scheduler/journal/journal_line.ts";
import { Ledger } from "../../../../scheduler/journal/ledger.ts";
import { DONE, engine, REPORT } from "../../core/given.ts";
import { drawOptions, Walk, WALK_SCHEME } from "../../core/walk.ts";

/** What the facts of a random history come to, by way of bytes; and the core that wrote them. */
function writtenDown(seed: number, steps: number) {
  const walk = new Walk(seed);
  walk.run(steps);
  const core = createScheduler(drawOptions(seed), WALK_SCHEME);
  const writer = new EntryWriter();
  const reader = new EntryReader();
  const ledger = new Ledger();
  for (const event of walk.events) {
    for (const effect of core.step(event)) {
      for (const fact of effect.kind === "facts" ? effect.facts : []) {
        const line = journalLine(fact);
        if (line !== null) writer.add(line);
      }
    }
    const { lines, damage } = reader.read(writer.take() ?? new Uint8Array([0x90]));
    assert.deepEqual(damage, []);
    for (const line of lines) ledger.apply(line);
  }
  return { core, ledger, now: walk.stage.now };
}

/** Tasks that clients only told of, of earlier lives, are not written: clients tell again. */
function keptBy({ sessions }: Snapshot, ledger: Ledger) {
  return sessions.flatMap(({ id, tasks }) =>
    tasks.flatMap((task): (readonly [TaskId, string, number])[] => {
      const name = (task.kind === "live" ? task.spec.id : `${id}-${task.counter}`) as TaskId;
      if (task.kind === "live") return [[name, "live", task.failures]];
      const told = ledger.get(name) === undefined && task.argBytes === 0 && task.delivered;
      return told ? [] : [[name, task.outcome.kind, task.attempts]];
    })
  );
}

Deno.test("what is written of a random history comes to what the scheduler knows", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const { core, ledger } = writtenDown(seed, 250);
    const snapshot = core.snapshot();
    const read = ledger.tasks().map(({ spec, failures, settled }) =>
      settled === null ? [spec.id, "live", failures] : [spec.id, settled.outcome.kind, settled.attempts]
    );
    assert.deepEqual(read.sort(), keptBy(snapshot, ledger).sort(), `seed ${seed}`);
    for (const { id, forgotten } of snapshot.sessions) {
      const known = ledger.sessions().find(({ session }) => session === id)?.forgotten ?? [];
      assert.deepEqual(known, forgotten, `forgotten of "${id}", seed ${seed}`);
    }
  }
});

/** A host that does at once whatever it is told. */
function obey(state: SchedulerState, effects: readonly Effect[], now: number): readonly Effect[] {
  const core = coreOver(state);
  const settled: Effect[] = [];
  const queue = [...effects];
  for (let effect = queue.shift(); effect !== undefined; effect = queue.shift()) {
    if (effect.kind === "facts") settled.push(effect);
    if (effect.kind !== "dispatch") continue;
    const { epoch } = state.options;
    const results = [{ number: effect.number, outcome: DONE, report: REPORT }];
    queue.push(...core.step({ kind: "attempts-ended", at: now, host: effect.host, epoch, results }));
    assert.deepEqual(violations(state), []);
  }
  return settled;
}

Deno.test("a new life that inherits a random history settles each task of it, once, and none that was settled before", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const { ledger, now } = writtenDown(seed, 250);
    const before = new Map(ledger.tasks().map((task) => [task.spec.id, task]));
    const options = { ...DEFAULT_OPTIONS, ...drawOptions(seed), scheme: "leastload" as const };
    const retention = DEFAULT_OPTIONS.retention;
    const state = new SchedulerState({ ...options, retention, epoch: 9 as Epoch, graceMs: 1_000 }, seed);
    const core = coreOver(state);
    core.step({ kind: "scheduler-began", at: now });
    core.step(ledger.event(now));
    assert.deepEqual(violations(state), [], `seed ${seed}`);
    const all = Array.from({ length: 12 }, (_, id) => engine(id, "new", 9));
    const ids = { host: "new" as HostId, incarnation: "n" as Incarnation, hostname: "n", pid: 1, packageVersion: "0" };
    const more = { newEngines: 0, engines: all, returning: [] as EngineId[], held: [] };
    core.step({ kind: "host-joined", at: now, ...ids, ...more });
    const counts = new Map<TaskId, number>();
    const writer = new EntryWriter();
    for (let at = now; at < now + 3_000_000; at += at < now + 5_000 ? 250 : 100_000) {
      for (const effect of obey(state, core.step({ kind: "woke", at }), at)) {
        for (const fact of effect.kind === "facts" ? effect.facts : []) {
          if (fact.kind === "task-settled") counts.set(fact.task, (counts.get(fact.task) ?? 0) + 1);
          const line = journalLine(fact);
          if (line !== null) writer.add(line);
        }
      }
    }
    for (const [id, task] of before) {
      const expected = task.settled === null ? 1 : undefined;
      const settledNow = core.statusOf(id);
      if (expected === 1) assert.ok(counts.get(id) === 1 || settledNow !== "unknown", `${id} is lost, seed ${seed}`);
      else assert.equal(counts.get(id), undefined, `${id} was settled twice, seed ${seed}`);
    }
    assert.equal(core.counts().ready + core.counts().waiting + core.counts().assigned, 0, `seed ${seed}`);
  }
});
