/**
 * The kinds of faults that a chaos run knows: what each hits, what is done to it, and for how long.
 *
 * Data only. Short is well within the three heartbeats after which a silent peer is given up, long is well past them.
 * Drawn from by `plan.ts`, carried out by `strike.ts`.
 * @module
 */

/**
 * What a fault hits: an engine's process; a host's; a host with its engines, as a machine that sleeps; the connection of
 * a host, a client or a controller to the server; the controller's process; the process that keeps the controller; the
 * NATS server.
 */
export type FaultTarget = "engine" | "host" | "machine" | "link" | "controller" | "keeper" | "server";

/**
 * What is done. `kill`: SIGKILL, and started again by whoever keeps it. `stop`: SIGSTOP, later SIGCONT. `cut`: its
 * connections are reset. `refuse`: and no new one is let in for a while. `stall`: nothing passes for a while, what is on
 * its way waits. `mute-up`, `mute-down`: what it says, or what it is told, is lost for a while, then the connection is reset.
 */
export type FaultAction = "kill" | "stop" | "cut" | "refuse" | "stall" | "mute-up" | "mute-down";

/** One kind. */
export interface FaultKind {
  readonly name: string;
  readonly on: FaultTarget;
  readonly action: FaultAction;
  /** How long it lasts, ms: between these. For `kill`: until it is started again, where that is up to us. */
  readonly spanMs: readonly [number, number];
  /** How often it is in the deck. */
  readonly weight: number;
}

const SHORT = [300, 1_800] as const;
const LONG = [4_000, 7_000] as const;
const AT_ONCE = [0, 0] as const;
const RESTART = [200, 3_000] as const;

function kind(on: FaultTarget, action: FaultAction, spanMs: readonly [number, number], words: string, weight = 1) {
  return { name: `${on} ${words}`, on, action, spanMs, weight };
}

/** All of them. Those of `server` need a server of its own. */
export const FAULT_KINDS: readonly FaultKind[] = [
  kind("engine", "kill", AT_ONCE, "killed", 4),
  kind("engine", "stop", SHORT, "stopped, short"),
  kind("engine", "stop", LONG, "stopped, long"),
  kind("host", "kill", RESTART, "killed", 2),
  kind("host", "stop", SHORT, "stopped, short"),
  kind("host", "stop", LONG, "stopped, long"),
  kind("machine", "stop", LONG, "asleep, long"),
  kind("link", "cut", AT_ONCE, "cut", 2),
  kind("link", "refuse", SHORT, "away, short"),
  kind("link", "refuse", LONG, "away, long"),
  kind("link", "stall", SHORT, "stalled, short"),
  kind("link", "stall", LONG, "stalled, long"),
  kind("link", "mute-up", LONG, "mute upwards, long"),
  kind("link", "mute-down", LONG, "mute downwards, long"),
  kind("controller", "kill", AT_ONCE, "killed", 2),
  kind("controller", "stop", SHORT, "stopped, short"),
  kind("controller", "stop", LONG, "stopped, long"),
  kind("keeper", "kill", RESTART, "killed"),
  kind("server", "kill", RESTART, "killed", 2),
  kind("server", "stop", SHORT, "stopped, short"),
  kind("server", "stop", LONG, "stopped, long"),
];
