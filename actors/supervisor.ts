/**
 * An actor whose work is to keep others alive: starts them in order, starts them again when they end, gives up in time.
 *
 * Decides nothing itself: `restart_policy.ts` does; here its orders are carried out for actors of this process. When it
 * gives up it fails, which is the business of its own supervisor.
 * @module
 */
import { AuthorizationError, TroupeError } from "../wire/errors.ts";
import { Actor, type WatchEvent } from "./actor.ts";
import { checkChildSpecs, type ChildSpec, resolveRules, type SupervisorOptions } from "./child_spec.ts";
import type { Ref } from "./ref.ts";
import {
  type ChildStatus,
  decide,
  initialRestartState,
  type RestartAction,
  type RestartEvent,
  type RestartState,
} from "./restart_policy.ts";

/** A child as its supervisor sees it. */
export interface ChildReport {
  /** Its name within the supervisor. */
  readonly id: string;
  /** What it is doing. */
  readonly status: ChildStatus;
  /** How often it was started again. */
  readonly restarts: number;
  /** Why it ended last; `null`: it never did. */
  readonly lastReason: string | null;
}

interface Child {
  readonly spec: ChildSpec;
  /** Under its name, so it stays the same through restarts. */
  readonly ref: Ref<object>;
  starts: number;
  lastReason: string | null;
  /** The last start: whether it succeeded. */
  starting: Promise<boolean>;
}

/**
 * Spawn it, or subclass it and hand the options to `super`.
 *
 * @example
 * ```ts
 * import { Actor } from "./actor.ts";
 * import { ActorSystem } from "./actor_system.ts";
 * import { childSpec } from "./child_spec.ts";
 * import { Supervisor } from "./supervisor.ts";
 *
 * class Worker extends Actor {
 *   work(): string {
 *     return "done";
 *   }
 * }
 * await using system = ActorSystem.local();
 * const children = [childSpec("worker", "permanent", Worker, { name: "worker" })];
 * await system.spawn(Supervisor, { args: [{ strategy: "one-for-all", children }] });
 * console.log(await system.ref<Worker>("worker").call.work()); // done
 * ```
 */
export class Supervisor extends Actor {
  /** Its children have deadlines of their own. */
  static override readonly shutdown: number = Infinity;

  readonly #specs: readonly ChildSpec[];
  readonly #children = new Map<string, Child>();
  #state: RestartState;
  #ready = Promise.withResolvers<void>();

  /** Throws `TypeError` or `RangeError` for specs that can't be meant. */
  constructor(options: SupervisorOptions) {
    super();
    const rules = resolveRules(options);
    checkChildSpecs(options.children);
    this.#specs = options.children;
    this.#state = initialRestartState(
      rules,
      options.children.map(({ id, restart = "permanent" }) => ({ id, restart })),
    );
  }

  /** All children, in the order of their start. */
  children(): readonly ChildReport[] {
    return this.#state.children.map(({ id, status }) => {
      const child = this.#children.get(id);
      const restarts = Math.max(0, (child?.starts ?? 0) - 1);
      return { id, status, restarts, lastReason: child?.lastReason ?? null };
    });
  }

  /** The child's reference, good through all its restarts. For callers in this process. */
  child(id: string): Ref<object> {
    this.#onlyHere("child");
    const child = this.#children.get(id);
    if (child !== undefined) return child.ref;
    const known = [...this.#children.keys()].map((key) => `"${key}"`).join(", ");
    throw new TypeError(`Cannot find child "${id}": the supervisor has ${known === "" ? "none" : known}`);
  }

  /** One more child, started last. Its start may fail later: see `children()`. For callers in this process. */
  startChild(spec: ChildSpec): Ref<object> {
    this.#onlyHere("startChild");
    checkChildSpecs([spec], this.#children.keys());
    const { ref } = this.#adopt(spec);
    this.#feed({ kind: "add", child: { id: spec.id, restart: spec.restart ?? "permanent" } });
    return ref;
  }

  /** Ends a child for good. For callers in this process. */
  stopChild(id: string): void {
    this.#onlyHere("stopChild");
    this.child(id);
    this.#feed({ kind: "remove", id });
  }

  /** Starts the children in order. */
  protected override async onStart(): Promise<void> {
    for (const spec of this.#specs) this.#adopt(spec);
    this.#feed({ kind: "start" });
    if (this.#state.phase === "running") return;
    await this.#ready.promise;
  }

  /** A child ended. */
  protected override onWatched(event: WatchEvent): void {
    if (event.kind !== "ended") return;
    for (const [id, child] of this.#children) {
      if (child.ref !== event.ref) continue;
      child.lastReason = event.reason;
      return this.#feed({ kind: "ended", id, normal: event.reason === "stopped", reason: event.reason });
    }
  }

  /** Whoever may send to this node may call its actors; ending them is not for everybody. */
  #onlyHere(method: string): void {
    const { sender, system } = this.context;
    if (sender === system.address) return;
    throw new AuthorizationError(
      `Cannot run "${method}" for ${sender}: supervisors take orders from their own process only`,
    );
  }

  #adopt(spec: ChildSpec): Child {
    const { system, self } = this.context;
    const name = spec.spawn.name ?? `${self.address.actor}~${spec.id}`;
    const ref = system.refAt<object>(system.address, name);
    const child: Child = {
      spec: { ...spec, spawn: { unique: spec.spawn.name !== undefined, ...spec.spawn, name } },
      ref,
      starts: 0,
      lastReason: null,
      starting: Promise.resolve(false),
    };
    this.#children.set(spec.id, child);
    return child;
  }

  #feed(event: RestartEvent): void {
    const { state, actions } = decide(this.#state, event, this.context.clock.now());
    this.#state = state;
    for (const action of actions) this.#carryOut(action);
    if (state.phase === "running") this.#ready.resolve();
  }

  #carryOut(action: RestartAction): void {
    switch (action.kind) {
      case "start":
        return this.#start(action.id);
      case "stop":
        return void this.#stop(action.id);
      case "wake-after":
        this.context.after(action.delayMs, () => this.#feed({ kind: "wake", id: action.id }));
        return;
      case "forget":
        this.#children.delete(action.id);
        return;
      case "give-up":
        return this.#giveUp(action.id, action.reason);
      case "finished":
        return;
    }
  }

  #start(id: string): void {
    const child = this.#children.get(id);
    if (child === undefined) return;
    child.starts += 1;
    const { log } = this.context;
    if (child.starts > 1) log("warn", `Starting child "${id}" again`, { child: id, reason: child.lastReason });
    child.starting = this.context.spawn(child.spec.actor, child.spec.spawn).then(
      () => {
        this.context.watch(child.ref);
        this.#feed({ kind: "started", id });
        return true;
      },
      (error) => {
        child.lastReason = `failed: ${String(error)}`;
        this.#feed({ kind: "start-failed", id, reason: child.lastReason });
        return false;
      },
    );
  }

  /** One that is still on its way up is stopped as soon as it can be found. Its end is told by the watch. */
  async #stop(id: string): Promise<void> {
    const child = this.#children.get(id);
    if (child === undefined) return;
    const { system } = this.context;
    const { starting } = child;
    if (await system.stop(child.ref) === "unknown-actor" && await starting) await system.stop(child.ref);
  }

  #giveUp(id: string, reason: string): void {
    const { restarts, periodMs } = this.#state.rules.intensity;
    const error = this.#state.restartsAtMs.length > restarts
      ? new TroupeError(
        `Gave up on child "${id}": more than ${restarts} restarts within ${periodMs} ms; its last end: ${reason}`,
      )
      : new TroupeError(`Cannot start child "${id}": ${reason}`);
    this.#ready.reject(error);
    this.#ready.promise.catch(() => {});
    this.context.fail(error);
  }
}
