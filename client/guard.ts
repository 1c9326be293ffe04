/**
 * What runs before a function that has conditions: checks, imports, names to be bound. Then the function itself.
 *
 * Runs here and, shipped as text, on engines: it must use nothing but its arguments and globals. Its frames are left out
 * of stacks, so that these read as those of the function alone. Put around functions by `guarded_code.ts`.
 * @module
 */

type Callable = (...args: unknown[]) => unknown;

/** What is done first: a check, a module to import, a value for a name. `slot`: which name; -1: none. */
export type GuardStage =
  | readonly [kind: "check", f: Callable, args: readonly unknown[], name: string]
  | readonly [kind: "import", specifier: string, slot: number]
  | readonly [kind: "bind", value: unknown, slot: number];

/**
 * The function `name` behind its stages. `make` gives it, with what is bound to its names in order; `Unmet` is the error
 * for an engine that can't run it. The call comes to a promise only where something in it does.
 */
export function guard(
  name: string,
  make: (...bound: unknown[]) => Callable,
  stages: readonly GuardStage[],
  Unmet: new (message: string, options?: ErrorOptions) => Error,
): Callable {
  return function troupeGuard(this: unknown, ...args: unknown[]): unknown {
    const bound: unknown[] = [];
    try {
      // A name for its frame, by which it is left out.
      const troupeGuardGoOn = () => make(...bound).apply(this, args);
      const value = troupeGuardStages(bound, 0, troupeGuardGoOn);
      return isThenable(value) ? troupeGuardWait(value) : value;
    } catch (error) {
      throw withoutGuard(error);
    }
  };

  /** Passes the stages from `index` on, then goes on. */
  function troupeGuardStages(bound: unknown[], index: number, goOn: () => unknown): unknown {
    for (; index < stages.length; index++) {
      const pending = troupeGuardStage(bound, stages[index] as GuardStage);
      if (pending !== null) return pending.then(() => troupeGuardStages(bound, index + 1, goOn));
    }
    return goOn();
  }

  /** `null` where it is passed already. */
  function troupeGuardStage(bound: unknown[], stage: GuardStage): Promise<void> | null {
    if (stage[0] === "check") {
      const verdict = stage[1](...stage[2]);
      if (!isThenable(verdict)) return judge(verdict, stage[3]);
      return Promise.resolve(verdict).then((value) => void judge(value, stage[3]));
    }
    const slot = stage[2];
    if (stage[0] === "bind") {
      bound[slot] = stage[1];
      return null;
    }
    return import(stage[1]).then(
      (module) => void (slot < 0 || (bound[slot] = module)),
      (cause) => {
        const reason = cause instanceof Error ? cause.message : String(cause);
        throw new Unmet(`Cannot run "${name}" ${place()}: "${stage[1]}" can't be imported there: ${reason}`, { cause });
      },
    );
  }

  function judge(verdict: unknown, check: string): null {
    if (verdict !== false) return null;
    throw new Unmet(`Cannot run "${name}" ${place()}: "${check}" gave false there`);
  }

  function place(): string {
    const task = (globalThis as Record<symbol, { engineId?: number } | undefined>)[Symbol.for("troupe.currentTask")];
    return task?.engineId === undefined ? "in this program" : `on engine ${task.engineId}`;
  }

  async function troupeGuardWait(value: PromiseLike<unknown>): Promise<unknown> {
    try {
      return await value;
    } catch (error) {
      throw withoutGuard(error);
    }
  }

  function withoutGuard(error: unknown): unknown {
    try {
      if (error instanceof Error && typeof error.stack === "string") {
        error.stack = error.stack.split("\n").filter((line) => !/\btroupeGuard/.test(line)).join("\n");
      }
    } catch {
      // An error that can't be changed travels as it is.
    }
    return error;
  }

  function isThenable(value: unknown): value is PromiseLike<unknown> {
    return typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function";
  }
}
