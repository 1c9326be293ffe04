/**
 * The table of what a task can do: every state with every move, and where it leads or why it can't be.
 *
 * Data and one lookup. Whoever changes a task's state names the move; one that the table calls impossible throws with
 * the task's story, since it is a mistake of the core and never of its input.
 * @module
 */

/**
 * `new`: being looked at. `waiting`: for a pause to end or tasks to finish. `ready`: may be assigned. `assigned`: given
 * to an engine. `settled`: its one outcome is fixed. `forgotten`: nothing is kept of it.
 */
export type TaskState = "new" | "waiting" | "ready" | "assigned" | "settled" | "forgotten";

/** Why a task changes its state. */
export type TaskMove =
  | "accept"
  | "hold"
  | "adopt"
  | "refuse"
  | "unblock"
  | "block"
  | "assign"
  | "return"
  | "decline"
  | "retry"
  | "pause"
  | "finish"
  | "fail"
  | "abort"
  | "expire"
  | "doom"
  | "forget";

/** Where a move leads, or why it can't be made. */
export type Transition = { readonly to: TaskState } | { readonly impossible: string };

const to = (state: TaskState): Transition => ({ to: state });
const no = (impossible: string): Transition => ({ impossible });

const KNOWN = no("it is accepted already");
const NOT_ASSIGNED = no("it is not assigned, so no attempt of it can end");
const NOT_READY = no("only a ready task is assigned");
const NOT_READY_TO_BLOCK = no("it is not ready, so no place can be taken from it");
const NOTHING_TO_UNBLOCK = no("it is not waiting");
const STILL_LIVE = no("only a settled task is forgotten");
const FIXED = no("its one outcome is fixed");
const GONE = no("nothing is kept of it");

/** Every pair of state and move. */
export const TRANSITIONS: Readonly<Record<TaskState, Readonly<Record<TaskMove, Transition>>>> = {
  new: {
    accept: to("ready"),
    hold: to("waiting"),
    adopt: to("assigned"),
    refuse: to("settled"),
    unblock: NOTHING_TO_UNBLOCK,
    block: NOT_READY_TO_BLOCK,
    assign: NOT_READY,
    return: NOT_ASSIGNED,
    decline: NOT_ASSIGNED,
    retry: NOT_ASSIGNED,
    pause: NOT_ASSIGNED,
    finish: NOT_ASSIGNED,
    fail: NOT_ASSIGNED,
    abort: no("nobody has its id yet"),
    expire: no("its deadline counts from its acceptance on"),
    doom: no("it is accepted first"),
    forget: STILL_LIVE,
  },
  waiting: {
    accept: KNOWN,
    hold: KNOWN,
    adopt: to("assigned"),
    refuse: KNOWN,
    unblock: to("ready"),
    block: NOT_READY_TO_BLOCK,
    assign: NOT_READY,
    return: NOT_ASSIGNED,
    decline: NOT_ASSIGNED,
    retry: NOT_ASSIGNED,
    pause: NOT_ASSIGNED,
    finish: NOT_ASSIGNED,
    fail: NOT_ASSIGNED,
    abort: to("settled"),
    expire: to("settled"),
    doom: to("settled"),
    forget: STILL_LIVE,
  },
  ready: {
    accept: KNOWN,
    hold: KNOWN,
    adopt: to("assigned"),
    refuse: KNOWN,
    unblock: NOTHING_TO_UNBLOCK,
    block: to("waiting"),
    assign: to("assigned"),
    return: NOT_ASSIGNED,
    decline: NOT_ASSIGNED,
    retry: NOT_ASSIGNED,
    pause: NOT_ASSIGNED,
    finish: NOT_ASSIGNED,
    fail: NOT_ASSIGNED,
    abort: to("settled"),
    expire: to("settled"),
    doom: to("settled"),
    forget: STILL_LIVE,
  },
  assigned: {
    accept: KNOWN,
    hold: KNOWN,
    adopt: no("it has an attempt already"),
    refuse: KNOWN,
    unblock: NOTHING_TO_UNBLOCK,
    block: NOT_READY_TO_BLOCK,
    assign: no("it has an attempt already"),
    return: to("ready"),
    decline: to("ready"),
    retry: to("ready"),
    pause: to("waiting"),
    finish: to("settled"),
    fail: to("settled"),
    abort: to("settled"),
    expire: no("a deadline never hits an assigned task"),
    doom: no("its engine decides what becomes of it"),
    forget: STILL_LIVE,
  },
  settled: {
    accept: FIXED,
    hold: FIXED,
    adopt: FIXED,
    refuse: FIXED,
    unblock: FIXED,
    block: FIXED,
    assign: FIXED,
    return: FIXED,
    decline: FIXED,
    retry: FIXED,
    pause: FIXED,
    finish: FIXED,
    fail: FIXED,
    abort: FIXED,
    expire: FIXED,
    doom: FIXED,
    forget: to("forgotten"),
  },
  forgotten: {
    accept: GONE,
    hold: GONE,
    adopt: GONE,
    refuse: GONE,
    unblock: GONE,
    block: GONE,
    assign: GONE,
    return: GONE,
    decline: GONE,
    retry: GONE,
    pause: GONE,
    finish: GONE,
    fail: GONE,
    abort: GONE,
    expire: GONE,
    doom: GONE,
    forget: GONE,
  },
};
