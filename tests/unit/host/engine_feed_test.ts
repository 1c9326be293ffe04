import assert from "node:assert/strict";
import type { BlobFolder } from "../../../host/blob_folder.ts";
import { EngineFeed } from "../../../host/engine_feed.ts";
import type { EngineProcess } from "../../../host/engine_process.ts";
import { EngineRun } from "../../../host/engine_run.ts";
import type { RunEnd } from "../../../host/run_end.ts";
import { RunQueue } from "../../../host/run_queue.ts";
import type { DispatchNumber, EngineId, Epoch, Session, TaskId } from "../../../protocol/ids.ts";
import { RAN, type RanCode, TO_ENGINE, TO_HOST } from "../../../protocol/pipe_messages.ts";
import { DEFAULT_FLAGS, type TaskFlags } from "../../../protocol/task_spec.ts";
import { FakeClock } from "../../../testing/fake_clock.ts";
import { TEMPLATE } from "./run_fixture.ts";

interface Added {
  readonly run: EngineRun;
  end: RunEnd | null;
}

/** A feed to a process on paper: what it is sent is written down, what it says is said by the test. */
class Stage {
  readonly clock = new FakeClock();
  readonly queue = new RunQueue();
  readonly killedFor: string[] = [];
  readonly runs: Added[] = [];
  readonly news: string[] = [];
  readonly feed: EngineFeed;
  #sent: (readonly unknown[])[] = [];

  constructor(slots: number) {
    const process = {
      send: (message: readonly unknown[]) => this.#sent.push(message),
      kill: (why: string) => this.killedFor.push(why),
      outgoingBytes: 0,
    };
    this.feed = new EngineFeed(process as unknown as EngineProcess, this.queue, {
      clock: this.clock,
      sources: { code: () => new Uint8Array(1), lease: () => Promise.reject(new Error("no blobs")) },
      folder: {} as BlobFolder,
      slots,
      graceMs: 100,
    }, {
      runEnded: (run, end) => {
        const added = this.runs.find((added) => added.run === run);
        if (added !== undefined) added.end = end;
      },
      published: (run) => this.news.push(run.task),
      progress: (run) => this.news.push(run.task),
      nested() {},
      printed: (run, channel, text, at) => this.news.push(`${run.task} ${channel} ${text} ${at}`),
      slot: (run, lent) => this.news.push(`${run.task} ${lent ? "lends" : "retakes"}`),
      resultBegun: () => {},
    });
    this.feed.open(0 as EngineId);
  }

  add(flags: Partial<TaskFlags> = {}, direct = false): Added {
    const number = this.runs.length + 1;
    const origin = direct
      ? { kind: "direct", session: "s" as Session, counter: number, client: "client.s" } as const
      : { kind: "scheduled", epoch: 1 as Epoch, number: number as DispatchNumber } as const;
    const template = { ...TEMPLATE, flags: { ...DEFAULT_FLAGS, ...flags } };
    const run = new EngineRun(origin, 0 as EngineId, `abc-${number}` as TaskId, 1, template, new Uint8Array(0));
    const added = { run, end: null };
    this.runs.push(added);
    this.queue.push(run);
    this.feed.pump();
    return added;
  }

  /** All that can be sent has been sent: what became of each run. */
  async settled(): Promise<string[]> {
    this.feed.pump();
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
    return this.runs.map(({ run, end }) => end === null ? run.state : end.outcome.kind);
  }

  /** Runs quick ones: from now on many are sent ahead. */
  async quicken(): Promise<void> {
    for (let number = 1; number <= 20; number++) {
      this.add();
      await this.settled();
      this.back(number, RAN.done, 0.01);
    }
  }

  /** What the process was told since the last look, but for what it needs to run. */
  get told(): unknown[][] {
    const told = this.#sent.filter(([kind]) => kind === TO_ENGINE.cancel || kind === TO_ENGINE.recall);
    this.#sent = [];
    return told.map((message) => [...message]);
  }

  back(number: number, code: RanCode = RAN.done, runMs = 100): void {
    this.feed.handle([TO_HOST.result, number, code, null, runMs]);
  }
}

Deno.test("as many runs as there are slots are sent, and each that is back makes room for the next", async () => {
  const stage = new Stage(2);
  for (let count = 0; count < 4; count++) stage.add();
  // Nothing is known of how long they take: one more is sent ahead.
  assert.deepEqual(await stage.settled(), ["running", "running", "sent", "queued"]);
  stage.back(2);
  assert.deepEqual(await stage.settled(), ["running", "done", "running", "queued"]);
  stage.back(3);
  stage.back(1);
  assert.deepEqual(await stage.settled(), ["done", "done", "done", "running"]);
  stage.back(4);
  for (let count = 0; count < 4; count++) stage.add();
  assert.deepEqual((await stage.settled()).slice(4), ["running", "running", "queued", "queued"]);
});

Deno.test("a result or news of a run that does not run is a violation", async () => {
  const stage = new Stage(2);
  for (let count = 0; count < 3; count++) stage.add();
  await stage.settled();
  assert.throws(() => stage.back(3), /run 3, which does not run/);
  assert.throws(() => stage.feed.handle([TO_HOST.progress, 3, 0.5, null]), /run 3, which does not run/);
  assert.throws(() => stage.back(1, RAN.dropped), /dropped run 1, which it was not asked for/);
  stage.feed.handle([TO_HOST.progress, 2, 0.5, null]);
  assert.deepEqual(stage.news, ["abc-2"]);
  stage.back(1);
  stage.back(3);
  assert.throws(() => stage.back(3), /run 3, which does not run/);
});

Deno.test("the time of each run counts from its own start; who outruns it is timed out, who shares the process died", async () => {
  const stage = new Stage(2);
  stage.add();
  stage.add({ maxRuntimeMs: 300 });
  stage.add({ maxRuntimeMs: 300 });
  stage.add();
  await stage.settled();
  stage.clock.advance(200);
  stage.back(2, RAN.done, 0.01);
  assert.deepEqual(await stage.settled(), ["running", "done", "running", "sent"]);
  stage.clock.advance(299);
  assert.deepEqual(stage.killedFor, []);
  stage.clock.advance(1);
  assert.deepEqual(stage.killedFor, ['task "abc-3" (f) ran longer than its maxRuntime of 300 ms']);
  stage.feed.close(stage.killedFor[0] ?? "");
  assert.deepEqual(await stage.settled(), ["engine-died", "done", "timed-out", "returned"]);
  assert.deepEqual(stage.runs[0]?.end?.outcome, { kind: "engine-died", message: stage.killedFor[0] });
  assert.deepEqual([stage.runs[0]?.end?.runMs, stage.runs[2]?.end?.runMs], [500, 300]);
  assert.ok(stage.feed.timeWasUp);
});

Deno.test("an abort that is ignored ends the process: the aborted one is aborted, the others died", async () => {
  const stage = new Stage(3);
  const [, aborted] = [stage.add(), stage.add(), stage.add()];
  await stage.settled();
  assert.ok(aborted !== undefined);
  stage.feed.abort(aborted.run);
  assert.deepEqual(stage.told, [[TO_ENGINE.cancel, 2]]);
  stage.clock.advance(100);
  assert.deepEqual(stage.killedFor, ['task "abc-2" (f) was aborted and did not end within 100 ms']);
  stage.feed.close("killed");
  assert.deepEqual(await stage.settled(), ["engine-died", "aborted", "engine-died"]);
});

Deno.test("a call back asks for what has not begun, and what has begun meanwhile counts", async () => {
  const stage = new Stage(1);
  await stage.quicken();
  const [running, dropped, direct, late] = [stage.add(), stage.add(), stage.add({}, true), stage.add()];
  const outcomes = async () => (await stage.settled()).slice(20);
  assert.deepEqual(await outcomes(), ["running", "sent", "sent", "sent"]);
  for (const { run } of [running, dropped, direct, late, dropped]) stage.feed.callBack(run);
  assert.deepEqual(stage.told, [[TO_ENGINE.recall, 22], [TO_ENGINE.recall, 24]]);
  stage.back(22, RAN.dropped);
  assert.deepEqual(await outcomes(), ["running", "returned", "sent", "sent"]);
  for (const number of [21, 23, 24]) stage.back(number);
  assert.deepEqual(await outcomes(), ["done", "returned", "done", "done"]);
});

Deno.test("a drain lets all that run finish, calls the others back, and keeps those for this very engine", async () => {
  const stage = new Stage(2);
  await stage.quicken();
  const [, , , direct] = [stage.add(), stage.add(), stage.add(), stage.add({}, true)];
  const outcomes = async () => (await stage.settled()).slice(20);
  assert.deepEqual(await outcomes(), ["running", "running", "sent", "sent"]);
  let empty = false;
  void stage.feed.drain().then(() => empty = true);
  assert.deepEqual(stage.told, [[TO_ENGINE.recall, 23], [TO_ENGINE.recall, 24]]);
  stage.back(23, RAN.dropped);
  stage.back(24, RAN.dropped);
  stage.back(22);
  await outcomes();
  assert.equal(empty, false);
  stage.back(21);
  assert.deepEqual((await outcomes()).slice(0, 3), ["done", "done", "returned"]);
  assert.equal(empty, true);
  stage.feed.close("drained");
  assert.deepEqual([stage.queue.first, direct?.run.state], [direct?.run, "queued"]);
});

Deno.test("an abort of what has not begun is told at once, and its slot is not taken", async () => {
  const stage = new Stage(1);
  const [, waiting] = [stage.add(), stage.add(), stage.add()];
  await stage.settled();
  assert.ok(waiting !== undefined);
  stage.feed.abort(waiting.run);
  assert.deepEqual(await stage.settled(), ["running", "aborted", "queued"]);
  stage.back(2, RAN.dropped);
  stage.back(1);
  assert.deepEqual(await stage.settled(), ["done", "aborted", "running"]);
  assert.equal(stage.feed.idle, false);
});

Deno.test("what a run shows is told as it comes, and its death or end says it again", async () => {
  for (const dies of [true, false]) {
    const stage = new Stage(1);
    const added = stage.add();
    await stage.settled();
    stage.feed.handle([TO_HOST.printed, 1, 0, "half\n", 0]);
    stage.feed.handle([TO_HOST.published, 1, new Uint8Array([7])]);
    assert.deepEqual(stage.news, ["abc-1 0 half\n 0", "abc-1"]);
    if (dies) stage.feed.close("it was killed");
    else stage.feed.handle([TO_HOST.result, 1, RAN.done, null, 5, "half\nall\n"]);
    assert.equal(added.end?.stdout, dies ? "half\n" : "half\nall\n");
    assert.deepEqual(added.end?.data, new Uint8Array([7]));
    assert.throws(() => stage.feed.handle([TO_HOST.printed, 9, 0, "x", 0]), RangeError);
  }
});

Deno.test("behind a run that lends its slot the next one runs, from the pipe and from the queue", async () => {
  const stage = new Stage(1);
  for (let count = 0; count < 4; count++) stage.add();
  assert.deepEqual(await stage.settled(), ["running", "sent", "queued", "queued"]);
  stage.feed.handle([TO_HOST.slot, 1, true, 1]);
  assert.deepEqual(await stage.settled(), ["running", "running", "sent", "queued"]);
  assert.deepEqual(stage.runs.map(({ run }) => run.lent), [true, false, false, false]);
  stage.feed.handle([TO_HOST.slot, 1, false, 2]);
  stage.back(2);
  assert.deepEqual(await stage.settled(), ["running", "done", "sent", "queued"]);
  stage.back(1);
  assert.deepEqual(await stage.settled(), ["done", "done", "running", "queued"]);
  assert.deepEqual(stage.news, ["abc-1 lends", "abc-1 retakes"]);
});

Deno.test("the time of a run that was thought to begin in a lent slot counts from when it does", async () => {
  const stage = new Stage(1);
  stage.add();
  await stage.settled();
  stage.feed.handle([TO_HOST.slot, 1, true, 1]);
  const late = stage.add({ maxRuntimeMs: 50 });
  assert.deepEqual(await stage.settled(), ["running", "running"]);
  stage.feed.handle([TO_HOST.slot, 1, false, 1]);
  assert.equal(late.run.state, "sent");
  stage.clock.advance(200);
  assert.deepEqual(stage.killedFor, []);
  stage.back(1);
  stage.clock.advance(49);
  assert.deepEqual(stage.killedFor, []);
  stage.clock.advance(1);
  assert.equal(stage.killedFor.length, 1);
});

Deno.test("the slot of a run that does not run, or runs that can't be counted, are a violation", async () => {
  const stage = new Stage(1);
  stage.add();
  await stage.settled();
  assert.throws(() => stage.feed.handle([TO_HOST.slot, 7, true, 1]), /run 7, which does not run/);
  assert.throws(() => stage.feed.handle([TO_HOST.slot, 1, false, -1]), /-1 runs/);
});
