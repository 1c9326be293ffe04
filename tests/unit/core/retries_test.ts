import assert from "node:assert/strict";
import type { EngineId } from "../../../protocol/ids.ts";
import type { TaskOutcome } from "../../../protocol/outcome.ts";
import { ABORTED, DECLINED, DIED, DONE, engine, ERROR, RETURNED, spec, Stage, THREW, TIMED_OUT } from "./given.ts";

Deno.test("a failed attempt is run again on an engine that has not failed it, and keeps its place", () => {
  const stage = new Stage();
  stage.joinEngines(2);
  stage.submit(spec("s-0", { retries: 1 }), spec("s-1"), spec("s-2"));
  stage.end("s-0", THREW);
  assert.deepEqual(stage.dispatches, ["s-2>0"], "engine 0 failed it, and the younger one may have it");
  stage.submit(spec("s-3"));
  stage.end("s-1");
  assert.deepEqual(stage.dispatches, ["s-0>1"]);
  assert.equal(stage.lastDispatch("s-0").attempt, 2);
  stage.end("s-0", DONE);
  assert.equal(stage.of("settle")[0]?.attempts, 2);
});

Deno.test("when every engine has failed it, any will do", () => {
  const stage = new Stage();
  stage.joinEngines(2);
  stage.submit(spec("s-0", { retries: 3 }));
  stage.end("s-0", THREW);
  assert.deepEqual(stage.dispatches, ["s-0>1"]);
  stage.end("s-0", THREW);
  assert.deepEqual(stage.dispatches, ["s-0>0"]);
  stage.end("s-0", THREW);
  assert.deepEqual(stage.dispatches, ["s-0>1"]);
  stage.end("s-0", THREW);
  assert.deepEqual([stage.outcomes, stage.of("settle")[0]?.attempts], [["s-0:threw"], 4]);
});

Deno.test("more retries than engines never wait for ever: one engine takes all of them", () => {
  const stage = new Stage();
  stage.joinEngines(1);
  stage.submit(spec("s-0", { retries: 5 }));
  for (let i = 0; i < 6; i++) stage.end("s-0", THREW);
  assert.deepEqual(stage.outcomes, ["s-0:threw"]);
});

Deno.test("a waiting retry is freed when the engine it waits for goes", () => {
  const stage = new Stage();
  stage.joinEngines(2);
  stage.submit(spec("s-0", { retries: 1 }), spec("s-1"));
  stage.end("s-0", THREW);
  assert.deepEqual(stage.dispatches, []);
  stage.end("s-1");
  assert.deepEqual(stage.dispatches, ["s-0>1"]);
  const again = new Stage();
  again.joinEngines(2);
  again.submit(spec("s-0", { retries: 1 }), spec("s-1"));
  again.end("s-0", THREW);
  again.drain(1);
  assert.deepEqual(again.dispatches, ["s-0>0"]);
});

Deno.test("a retry waits for the new engine rather than the one that failed it, once there is one", () => {
  const stage = new Stage();
  stage.joinEngines(1);
  stage.submit(spec("s-0", { retries: 2 }));
  stage.submit(spec("s-1", { priority: 1 }));
  stage.end("s-0", THREW);
  assert.deepEqual(stage.dispatches, ["s-1>0"]);
  stage.join([engine(1, "other")]);
  assert.deepEqual(stage.dispatches, ["s-0>1"]);
});

Deno.test("a new incarnation of the engine counts as another engine", () => {
  const stage = new Stage();
  stage.joinEngines(2);
  stage.submit(spec("s-0", { retries: 1 }), spec("s-1"));
  stage.end("s-0", DIED);
  stage.engineEnded(engine(0));
  assert.deepEqual(stage.dispatches, []);
  stage.engineReady(engine(0, "h", 2));
  assert.deepEqual(stage.dispatches, ["s-0>0"]);
});

Deno.test("with targets, the retries stay on them and the last error is the outcome", () => {
  const stage = new Stage();
  stage.joinEngines(3);
  stage.submit(spec("s-0", { retries: 2, targets: [1 as EngineId] }));
  stage.end("s-0", THREW);
  assert.deepEqual(stage.dispatches, ["s-0>1"]);
  stage.end("s-0", THREW);
  stage.end("s-0", THREW);
  assert.deepEqual(stage.outcomes, ["s-0:threw"]);
});

Deno.test("the death of an engine and a passed maxRuntime cost a retry, and have their own errors", () => {
  const stage = new Stage();
  stage.joinEngines(3);
  stage.submit(spec("s-0", { retries: 1 }), spec("s-1"));
  stage.end("s-0", DIED);
  stage.end("s-0", TIMED_OUT);
  assert.deepEqual(stage.outcomes, ["s-0:TaskTimeout"]);
  stage.end("s-1", DIED);
  assert.deepEqual(stage.outcomes, ["s-1:EngineError"]);
  const { outcome } = stage.of("settle")[0] ?? {};
  assert.match(outcome?.kind === "failed" ? outcome.error.message : "", /"s-1".*engine 1 died.*killed by SIGKILL/);
});

Deno.test("declining and coming back cost no retry, also between failures", () => {
  const stage = new Stage();
  stage.joinEngines(3);
  stage.submit(spec("s-0", { retries: 1 }));
  stage.end("s-0", DECLINED);
  stage.end("s-0", RETURNED);
  stage.end("s-0", THREW);
  assert.equal(stage.lastDispatch("s-0").attempt, 2);
  assert.equal(stage.outcomeOf("s-0"), null);
  stage.end("s-0", THREW);
  assert.equal(stage.outcomeOf("s-0"), "threw");
});

Deno.test("a retry pauses as its backoff says, and goes out when woken", () => {
  const stage = new Stage();
  stage.joinEngines(1);
  stage.submit(spec("s-0", { retries: 5, backoff: { initialMs: 100, factor: 2, maxMs: 300, jitter: 0 } }));
  for (const pauseMs of [100, 200, 300, 300]) {
    stage.end("s-0", THREW);
    assert.deepEqual([stage.dispatches, stage.of("wake").map(({ at }) => at)], [[], [stage.now + pauseMs]]);
    stage.after(pauseMs - 1).wake();
    assert.deepEqual(stage.dispatches, []);
    assert.equal(stage.of("wake")[0]?.at, stage.now + 1, "woken too early, it asks again");
    stage.after(1).wake();
    assert.deepEqual(stage.dispatches, ["s-0>0"]);
  }
});

Deno.test("jitter takes off at most its share, by the seed", () => {
  const pauses = [1, 2, 3, 4].map((seed) => {
    const stage = new Stage({ seed });
    stage.joinEngines(1);
    stage.submit(spec("s-0", { retries: 1, backoff: { initialMs: 1_000, factor: 1, maxMs: 1_000, jitter: 0.5 } }));
    stage.end("s-0", THREW);
    return (stage.of("wake")[0]?.at ?? 0) - stage.now;
  });
  assert.ok(pauses.every((pauseMs) => pauseMs > 500 && pauseMs <= 1_000), String(pauses));
  assert.equal(new Set(pauses).size, 4);
});

Deno.test("timeout fails what was not assigned in time, counted from submission", () => {
  const stage = new Stage();
  stage.submitAged([400, 0], spec("s-0", { timeoutMs: 500 }), spec("s-1", { timeoutMs: 500 }));
  assert.equal(stage.of("wake")[0]?.at, stage.now + 100);
  stage.after(100).wake();
  assert.deepEqual(stage.outcomes, ["s-0:DependencyTimeout"]);
  stage.after(400).joinEngines(1);
  assert.deepEqual(stage.outcomes, ["s-1:DependencyTimeout"]);
});

Deno.test("a task that arrives past its deadline fails, and 0 means never", () => {
  const stage = new Stage();
  stage.joinEngines(2);
  stage.submitAged([600, 1e9], spec("s-0", { timeoutMs: 500 }), spec("s-1"));
  assert.deepEqual([stage.outcomes, stage.dispatches], [["s-0:DependencyTimeout"], ["s-1>0"]]);
});

Deno.test("timeout never hits an assigned task, nor one that came back for nothing", () => {
  const stage = new Stage();
  stage.joinEngines(1);
  stage.submit(spec("s-0", { timeoutMs: 10 }));
  stage.after(50).wake();
  assert.equal(stage.outcomeOf("s-0"), null);
  stage.drain(0);
  stage.end("s-0", RETURNED);
  stage.after(50).wake();
  assert.equal(stage.outcomeOf("s-0"), null);
  stage.join([engine(1, "other")]);
  assert.deepEqual(stage.dispatches, ["s-0>1"]);
});

Deno.test("past its deadline a failed task goes out if an engine is free right then", () => {
  const stage = new Stage();
  stage.joinEngines(2);
  stage.submit(spec("s-0", { timeoutMs: 10, retries: 2 }), spec("s-1"));
  stage.end("s-1");
  stage.after(50).end("s-0", THREW);
  assert.deepEqual(stage.dispatches, ["s-0>1"]);
});

Deno.test("past its deadline a failed task with no free engine fails, and the cause is the last error", () => {
  const stage = new Stage();
  stage.joinEngines(2);
  stage.submit(spec("s-0", { timeoutMs: 10, retries: 2 }), spec("s-1"));
  stage.after(50).end("s-0", THREW);
  assert.deepEqual(stage.outcomes, ["s-0:DependencyTimeout"]);
  const { outcome } = stage.of("settle")[0] ?? {};
  assert.equal(outcome?.kind === "failed" ? outcome.error.cause : null, ERROR);
});

Deno.test("before its deadline a failed task waits, and the same deadline then hits it", () => {
  const stage = new Stage();
  stage.joinEngines(2);
  stage.submit(spec("s-0", { timeoutMs: 100, retries: 2 }), spec("s-1"));
  stage.after(50).end("s-0", THREW);
  assert.deepEqual(stage.outcomes, []);
  stage.after(49).wake();
  assert.deepEqual(stage.outcomes, []);
  stage.after(1).wake();
  assert.deepEqual(stage.outcomes, ["s-0:DependencyTimeout"]);
});

Deno.test("a deadline ends a pause, and past it a task does not pause at all", () => {
  const backoff = { initialMs: 1_000, factor: 1, maxMs: 1_000, jitter: 0 };
  const stage = new Stage();
  stage.joinEngines(2);
  stage.submit(
    spec("s-0", { timeoutMs: 100, retries: 1, backoff }),
    spec("s-1", { timeoutMs: 10, retries: 1, backoff }),
  );
  stage.after(50).end("s-1", THREW);
  assert.deepEqual(stage.outcomes, ["s-1:DependencyTimeout"]);
  stage.end("s-0", THREW);
  assert.equal(stage.core.counts().waiting, 1);
  stage.after(50).wake();
  assert.deepEqual(stage.outcomes, ["s-0:DependencyTimeout"]);
});

Deno.test("a deadline that a pause outlived does not hit the attempt after it", () => {
  const stage = new Stage();
  stage.joinEngines(1);
  const backoff = { initialMs: 50, factor: 1, maxMs: 50, jitter: 0 };
  stage.submit(spec("s-0", { timeoutMs: 1_000, retries: 1, backoff }));
  stage.end("s-0", THREW);
  stage.after(50).wake();
  assert.deepEqual(stage.dispatches, ["s-0>0"]);
  stage.after(1_000).wake();
  assert.deepEqual(stage.outcomes, []);
  assert.equal(stage.state.timers.size, 0);
});

Deno.test("an attempt that its host stopped unasked ends its task as aborted, and is not retried", () => {
  const stage = new Stage();
  stage.joinEngines(2);
  stage.submit(spec("s-0", { retries: 3 }));
  stage.end("s-0", ABORTED);
  assert.deepEqual([stage.outcomes, stage.dispatches], [["s-0:TaskAborted"], []]);
});

Deno.test("a declined task that nobody else can take is bounded by its timeout", () => {
  const stage = new Stage();
  stage.joinEngines(1);
  stage.submit(spec("s-0", { timeoutMs: 100 }));
  stage.end("s-0", DECLINED);
  stage.after(100).wake();
  assert.deepEqual(stage.outcomes, ["s-0:DependencyTimeout"]);
});

Deno.test("its error says that it was declined, and that only what ran was an attempt", () => {
  const stage = new Stage();
  stage.joinEngines(2);
  stage.submit(spec("s-0", { timeoutMs: 100 }), spec("s-1", { timeoutMs: 200, retries: 1, targets: [1 as EngineId] }));
  stage.end("s-0", DECLINED);
  stage.end("s-1", THREW);
  stage.end("s-0", DECLINED);
  stage.after(100).wake();
  const [declined = ""] = stage.of("settle").map(messageOf);
  assert.match(declined, /"s-0": it was declined by 2 engines, and no other was free for it within its timeout of 100/);
  stage.end("s-1", DECLINED);
  stage.after(100).wake();
  const [after = ""] = stage.of("settle").map(messageOf);
  assert.match(
    after,
    /"s-1": it was declined by 1 engine, and of its targets \(engine 1\) no other was free for it after/,
  );
});

function messageOf({ outcome }: { readonly outcome: TaskOutcome }): string {
  return outcome.kind === "failed" ? outcome.error.message : outcome.kind;
}

Deno.test("what a host could not give or keep costs a retry, and is told as it is", () => {
  const stage = new Stage();
  stage.joinEngines(2);
  stage.submit(spec("s-0", { retries: 1 }));
  const failed = { kind: "host-failed", message: "its arguments can't be had (far is down); submit it again" } as const;
  stage.end("s-0", failed);
  assert.deepEqual(stage.outcomes, []);
  stage.end("s-0", failed);
  assert.deepEqual(stage.outcomes, ["s-0:EngineError"]);
  const { outcome } = stage.of("settle")[0] ?? {};
  const message = outcome?.kind === "failed" ? outcome.error.message : "";
  assert.match(
    message,
    /^Cannot finish task "s-0" on engine \d: its arguments can't be had \(far is down\); submit it again$/,
  );
});
