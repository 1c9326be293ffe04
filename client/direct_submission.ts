/**
 * From a call on a direct view to tasks, one for each of its engines: encodes, makes the job, hands the tasks on.
 *
 * Never throws: what is wrong becomes the outcome. Targets are looked up here, at each call; one of a list that is not
 * there fails alone. Called by `direct_view.ts`.
 * @module
 */
import type { EngineId, TaskId } from "../protocol/ids.ts";
import { NoEnginesRegistered } from "../wire/errors.ts";
import { ArgumentEncoder, type EncodedArguments } from "./argument_encoder.ts";
import { CallOrigin } from "./call_origin.ts";
import type { AnyFunction } from "./function_code.ts";
import type { CapturedInputs } from "./input_collector.ts";
import { Job } from "./job.ts";
import { begunBy, type JobPlan } from "./job_plan.ts";
import { LateArguments } from "./late_arguments.ts";
import { cutSequences, PARTS_JOINED } from "./parallel_parts.ts";
import { firstOfPart, type Shape } from "./partition.ts";
import type { Session } from "./session.ts";
import type { Rows } from "./submission.ts";
import type { ResolvedFlags } from "./task_flags.ts";
import type { TaskTie } from "./task_tie.ts";
import type { PendingTask } from "./task_table.ts";

/** A number gives scalar results; a list or `"all"` gives arrays in target order. */
export type Targets = number | readonly number[] | "all";

/** How the arguments of one of so many engines come to be. */
type ArgumentsOf = (
  index: number,
  count: number,
  job: Job,
  /** What the function holds. */
  captured: CapturedInputs | null,
) => EncodedArguments & Pick<PendingTask, "late">;

interface Wish {
  readonly f: AnyFunction;
  /** Items, where they are not one an engine. */
  readonly items: number | null;
  /** Engines at most, where there are no items. */
  readonly most?: number;
  readonly args: ArgumentsOf;
  readonly flags: ResolvedFlags;
  readonly shape: Shape | null;
  /** One result for one engine. */
  readonly scalar: boolean;
}

const NOTHING = new Uint8Array();
const NO_IDS: readonly TaskId[] = [];

/** Submits for direct views of one client. */
export class DirectSubmission {
  readonly #session: Session;
  readonly #arguments: ArgumentEncoder;
  readonly #tie: TaskTie | null;

  /** `tie`: of the task that this is for. */
  constructor(session: Session, tie: TaskTie | null = null) {
    this.#session = session;
    this.#arguments = new ArgumentEncoder(session.shipping);
    this.#tie = tie;
  }

  /** The same call on each engine: its arguments are encoded once. */
  apply(
    targets: Targets,
    f: AnyFunction,
    args: readonly unknown[],
    flags: ResolvedFlags,
    shape: Shape | null = null,
  ): Job {
    let shared: EncodedArguments | null = null;
    const encoded: ArgumentsOf = (_index, _count, _job, captured) => shared ??= this.#arguments.encode(args, captured);
    return this.#perEngine(targets, f, encoded, flags, shape);
  }

  /** A call on each engine with arguments of its own. */
  each(
    targets: Targets,
    f: AnyFunction,
    args: (index: number, count: number) => readonly unknown[],
    flags: ResolvedFlags,
  ): Job {
    const encoded: ArgumentsOf = (index, count, _job, captured) => this.#arguments.encode(args(index, count), captured);
    return this.#perEngine(targets, f, encoded, flags, null);
  }

  /** The same call on each engine, with arguments that come later. What they fail with is the outcome of all. */
  later(targets: Targets, f: AnyFunction, args: Promise<readonly unknown[]>, flags: ResolvedFlags): Job {
    let late: LateArguments | null = null;
    const encoded: ArgumentsOf = (_index, _count, job) => {
      late ??= new LateArguments(
        args.then((all) => this.#arguments.encode(all).args).catch((error) => {
          job.markRefused();
          throw error;
        }),
      );
      return lateTask(late);
    };
    // Where there are no engines, nobody waits for it.
    args.catch(() => {});
    return this.#perEngine(targets, f, encoded, flags, null);
  }

  /** The rows in as many parts as there are engines, each a task; a result for each row. */
  map(targets: Targets, f: AnyFunction, rows: () => Rows, flags: ResolvedFlags): Job {
    try {
      const all = rows();
      const args: ArgumentsOf = (part, _count, job, captured) => {
        const list = job.pendingItems(part).map((item) => all.row(item));
        return this.#arguments.encode(job.plan.chunksize === 1 ? list[0] ?? [] : [list, 0], captured);
      };
      return this.#submit(targets, { f, items: all.length, args, flags, shape: null, scalar: false });
    } catch (error) {
      return this.#refused({ flags, scalar: false }, new CallOrigin(), error);
    }
  }

  /** The sequences in as many parts as there are engines, none of them empty: a call on each with its part. */
  parts(targets: Targets, f: AnyFunction, sequences: readonly unknown[], flags: ResolvedFlags): Job {
    try {
      const cut = cutSequences(sequences);
      if (typeof targets === "number") this.#checkThere(targets as EngineId);
      const args: ArgumentsOf = (index, count, _job, captured) => {
        const [from, to] = [firstOfPart(cut.length, count, index), firstOfPart(cut.length, count, index + 1)];
        return this.#arguments.encode(cut.slice(from, to), captured);
      };
      return this.#submit(targets, {
        f,
        items: null,
        most: cut.length,
        args,
        flags,
        shape: PARTS_JOINED,
        scalar: false,
      });
    } catch (error) {
      return this.#refused({ flags, scalar: false }, new CallOrigin(), error);
    }
  }

  /** A task and a result for each engine. */
  #perEngine(targets: Targets, f: AnyFunction, args: ArgumentsOf, flags: ResolvedFlags, shape: Shape | null): Job {
    return this.#submit(targets, { f, items: null, args, flags, shape, scalar: typeof targets === "number" });
  }

  #submit(targets: Targets, wish: Wish): Job {
    const origin = new CallOrigin();
    try {
      this.#tie?.check();
      const job = this.#submitTo(this.#engines(targets), wish, origin);
      this.#tie?.submitted(job);
      return job;
    } catch (error) {
      return this.#refused(wish, origin, error);
    }
  }

  #submitTo(named: readonly EngineId[], wish: Wish, origin: CallOrigin): Job {
    const { f, items, flags, scalar, shape } = wish;
    const { tasks, templates } = this.#session;
    const engines = named.slice(0, items ?? wish.most);
    const chunksize = items === null || engines.length === 0 ? 1 : Math.ceil(items / engines.length);
    const [plain, captured] = this.#arguments.prepare(() => templates.of(f, flags.task, chunksize > 1));
    const base = tasks.allocateDirect(engines.length);
    const size = { items: items ?? engines.length, chunksize, parts: engines.length };
    const job = new Job({ ...this.#plan(flags, origin), base, ...size, scalar, shape, refused: false });
    const made = engines.map((engine, task): PendingTask => {
      const encoded = wish.args(task, engines.length, job, captured);
      const template = templates.withModules(plain, encoded.modules);
      // As they are: those that come later are looked at later.
      const payload = Object.defineProperties({}, Object.getOwnPropertyDescriptors(encoded));
      return Object.assign(payload, { counter: base + task, job, task, template, engine }) as PendingTask;
    });
    if (flags.failFast) job.onFailure((failed) => tasks.aborts.job(failed));
    const here = made.filter((task) => !this.#failMissing(task));
    if (here.length > 0) tasks.addDirect(here);
    if (flags.signal !== null) tasks.aborts.watch(flags.signal, job);
    return job;
  }

  /** Throws where the one engine is not there: with no other there is no list of errors. */
  #checkThere(engine: EngineId): void {
    const { roster } = this.#session;
    if (roster.hostOf(engine) === undefined) throw noEngine(engine, roster.ids);
  }

  /** An engine of a list that is not there: the others go on. */
  #failMissing({ job, task, engine }: PendingTask): boolean {
    const { roster, tasks } = this.#session;
    if (engine === null || roster.hostOf(engine) !== undefined) return false;
    tasks.fail(job, task, noEngine(engine, roster.ids));
    return true;
  }

  #engines(targets: Targets): readonly EngineId[] {
    const { roster } = this.#session;
    const named = typeof targets === "number" ? [targets] : targets;
    const engines = named === "all" ? roster.ids : named as readonly EngineId[];
    if (roster.ids.length > 0 && engines.length > 0) return engines;
    throw new NoEnginesRegistered(
      "Cannot submit a direct task: no engines are there; start some, or wait for them with client.waitForEngines(n).",
    );
  }

  /** A job whose call was wrong. */
  refuse(targets: Targets, flags: ResolvedFlags, error: unknown): Job {
    return this.#refused({ flags, scalar: typeof targets === "number" }, new CallOrigin(), error);
  }

  #refused({ flags, scalar }: Pick<Wish, "flags" | "scalar">, origin: CallOrigin, error: unknown): Job {
    const { tasks } = this.#session;
    const size = { base: tasks.allocateDirect(1), items: 1, chunksize: 1, parts: 1 };
    const job = new Job({ ...this.#plan(flags, origin), ...size, scalar, shape: null, refused: true });
    tasks.fail(job, 0, error);
    return job;
  }

  #plan(flags: ResolvedFlags, origin: CallOrigin) {
    return {
      ...begunBy(this.#session),
      origin,
      returnExceptions: flags.returnExceptions,
      failFast: flags.failFast,
      flags: { label: flags.task.label, after: NO_IDS, follow: NO_IDS },
    } satisfies Partial<JobPlan>;
  }
}

function lateTask(late: LateArguments): Pick<PendingTask, "args" | "late"> {
  return {
    late,
    get args() {
      return late.value ?? NOTHING;
    },
  };
}

function noEngine(engine: EngineId, ids: readonly EngineId[]): NoEnginesRegistered {
  return new NoEnginesRegistered(
    `Cannot submit a direct task to engine ${engine}: there is none of this id; there are ${ids.join(", ")}.`,
  );
}
