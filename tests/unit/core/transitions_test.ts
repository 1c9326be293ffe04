import assert from "node:assert/strict";
import { move } from "../../../scheduler/core/moves.ts";
import { TaskRecord } from "../../../scheduler/core/task_record.ts";
import { type TaskMove, type TaskState, TRANSITIONS } from "../../../scheduler/core/transitions.ts";
import { spec, Stage } from "./given.ts";

const STATES: readonly TaskState[] = ["new", "waiting", "ready", "assigned", "settled", "forgotten"];
const MOVES = Object.keys(TRANSITIONS.new) as TaskMove[];

Deno.test("every pair of a state and a move leads to a state or is named impossible with a reason", () => {
  assert.deepEqual(Object.keys(TRANSITIONS).sort(), [...STATES].sort());
  for (const state of STATES) {
    assert.deepEqual(Object.keys(TRANSITIONS[state]).sort(), [...MOVES].sort());
    for (const by of MOVES) {
      const transition = TRANSITIONS[state][by];
      if ("to" in transition) assert.ok(STATES.includes(transition.to), `${state} by ${by}`);
      else assert.match(transition.impossible, /\w+ \w+/, `${state} by ${by}`);
    }
  }
});

Deno.test("every state can be reached from new, and each but forgotten can be left", () => {
  const reached = new Set<TaskState>(["new"]);
  for (const state of reached) {
    for (const transition of Object.values(TRANSITIONS[state])) if ("to" in transition) reached.add(transition.to);
  }
  assert.deepEqual([...reached].sort(), [...STATES].sort());
  for (const state of STATES) {
    const leaves = Object.values(TRANSITIONS[state]).some((transition) => "to" in transition);
    assert.equal(leaves, state !== "forgotten", state);
  }
});

Deno.test("nothing but forgetting leaves settled, so an outcome is fixed", () => {
  for (const by of MOVES) assert.equal("to" in TRANSITIONS.settled[by], by === "forget", by);
});

Deno.test("a move makes exactly what the table says, or throws with the task's story", () => {
  for (const state of STATES) {
    for (const by of MOVES) {
      const stage = new Stage();
      const task = new TaskRecord(spec("s-0"), stage.state.session("s" as never), 0, 0, 0);
      stage.state.story.tell(5, task.id, "new", "accept", null);
      task.state = state;
      const transition = TRANSITIONS[state][by];
      if ("to" in transition) {
        move(stage.state, task, by);
        assert.equal(task.state, transition.to);
      } else {
        assert.throws(
          () => move(stage.state, task, by),
          /Cannot ".*" task "s-0" while it is .*\n {2}5 accept: new → ready/,
        );
        assert.equal(task.state, state);
      }
    }
  }
});
