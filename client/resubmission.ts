/**
 * Submitting finished tasks again, as new ones of this client: same function, arguments and flags.
 *
 * Their places in the queue are taken at once, so that what is submitted afterwards may depend on them; what stands there
 * is filled in when hub and scheduler have said what the old tasks were. From then on they are tasks like any other.
 * Called by `Client.resubmit`.
 * @module
 */
import type { ContentHash, TaskId } from "../protocol/ids.ts";
import type { InputMessage, PayloadMessage, TemplateMessage } from "../protocol/messages.ts";
import type { SpecsMessage } from "../protocol/records.ts";
import { DEFAULT_FLAGS } from "../protocol/task_spec.ts";
import { SerializationError } from "../wire/errors.ts";
import { flagsFromMessage, payloadFromMessage } from "../wire/messages.ts";
import { BigValue } from "./big_value.ts";
import type { FunctionCode, ShippedCode } from "./function_code.ts";
import { InputSource } from "./input_source.ts";
import { Job } from "./job.ts";
import { namedPlan } from "./job_plan.ts";
import { isSingle, type Jobs, namedTasks } from "./jobs.ts";
import type { QuestionLink } from "./question_link.ts";
import { pendingTasks, unknownTasks } from "./questions.ts";
import type { Session } from "./session.ts";
import { untilAnswered } from "./until_answered.ts";
import type { TaskTemplateEntry } from "./task_templates.ts";

/** Code travels inline up to 64 KB: so many at a time fit in one reply. */
const CODES_AT_ONCE = 16;
/** Ids in one question for specs. */
const SPECS_PAGE = 2_000;

/** What an old task was. */
interface Spec {
  readonly template: TaskTemplateEntry;
  readonly args: Uint8Array | BigValue;
  readonly inputs?: readonly InputSource[];
}

/** Submits for one client. */
export class Resubmission {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  /** New tasks for these; one result where a single task is named by itself. Never throws for what tasks are or were. */
  submit(jobs: Jobs, signal?: AbortSignal): Job {
    const named = namedTasks(jobs);
    const scalar = isSingle(jobs, named.map(({ job }) => job));
    const job = this.#jobFor(named.length, scalar);
    if (named.length === 0) return job;
    const ids = named.map(({ id }) => id);
    const filled = Promise.withResolvers<void>();
    this.#takePlaces(job, filled.promise);
    if (signal !== undefined) this.#session.tasks.aborts.watch(signal, job);
    this.#fill(job, ids, signal).catch((error) => {
      // Where all of it was aborted meanwhile, that is its outcome.
      if (!job.finished) job.markRefused();
      this.#session.tasks.failAll(job, error);
    }).finally(filled.resolve);
    return job;
  }

  #jobFor(items: number, scalar: boolean): Job {
    return new Job(namedPlan(this.#session, { base: this.#session.tasks.allocate(items), items, scalar }));
  }

  /** The queue stops at these as at values that are on their way to a host, and goes on when they are filled in. */
  #takePlaces(job: Job, filled: Promise<void>): void {
    const source = new BigValue(NO_BYTES);
    source.moving = filled;
    const hash = "" as ContentHash;
    const template: TaskTemplateEntry = {
      code: { hash, name: "<resubmitted>", source },
      flags: DEFAULT_FLAGS,
      message: [hash, "<resubmitted>", [], null],
      captures: null,
    };
    for (let task = 0; task < job.taskCount; task++) {
      this.#session.tasks.add({ counter: job.plan.base + task, job, task, template, args: NO_BYTES, engine: null });
    }
  }

  async #fill(job: Job, ids: readonly TaskId[], signal: AbortSignal | undefined): Promise<void> {
    const specs = await untilAnswered(this.#session, async () => {
      const link = await this.#session.ask(signal);
      await this.#checkFinished(link, ids);
      return await specsOf(link, ids);
    });
    specs.forEach(({ template, args, inputs }, task) => {
      const { label, after, follow } = template.flags;
      job.setFlags(task, { label, after: after?.ids ?? [], follow: follow?.ids ?? [] });
      const named = { counter: job.plan.base + task, job, task, template, args, engine: null };
      this.#session.tasks.replace(inputs === undefined ? named : { ...named, inputs });
    });
  }

  /** Throws `UnknownTask` or `TaskPending`, which name all that can't be submitted again. */
  async #checkFinished({ scheduler }: QuestionLink, ids: readonly TaskId[]): Promise<void> {
    const words = await scheduler.statusOf(ids);
    const are = (...wanted: string[]) => ids.filter((_, index) => wanted.includes(words[index] ?? "unknown"));
    const unsent = new Set(ids.filter((id) => this.#session.tasks.isUnsent(id)));
    const unknown = are("unknown").filter((id) => !unsent.has(id));
    const forgotten = are("forgotten");
    if (unknown.length + forgotten.length > 0) throw unknownTasks("submit again", unknown, forgotten);
    const pending = [...are("waiting", "ready", "running"), ...unsent];
    if (pending.length > 0) throw pendingTasks("submit again", pending);
  }
}

const NO_BYTES = new Uint8Array();

/** What these tasks were. Templates that several of them share are shared again. */
async function specsOf({ scheduler, hub }: QuestionLink, ids: readonly TaskId[]): Promise<Spec[]> {
  const specs: Spec[] = [];
  const templates = new Map<string, TaskTemplateEntry>();
  while (specs.length < ids.length) {
    const asked = ids.slice(specs.length, specs.length + SPECS_PAGE);
    const [messages, tasks] = await hub.specs(asked);
    const entries = await entriesOf(messages, templates, scheduler);
    const gone = asked.filter((_, index) => tasks[index] === null);
    if (gone.length > 0) throw unknownTasks("submit again", [], gone);
    if (tasks.length === 0) throw new SerializationError("Cannot submit tasks again: the hub told of none of them.");
    for (const task of tasks) specs.push(specOf(task, entries));
  }
  return specs;
}

function specOf(task: SpecsMessage[1][number], entries: readonly TaskTemplateEntry[]): Spec {
  const template = task === null ? undefined : entries[task[0]];
  if (task === null || template === undefined) {
    throw new SerializationError("Cannot submit a task again: the hub named a template that it did not send.");
  }
  const spec = { template, args: valueOf(task[1]) };
  return task[2] === undefined ? spec : { ...spec, inputs: task[2].map(sourceOf) };
}

async function entriesOf(
  messages: readonly TemplateMessage[],
  known: Map<string, TaskTemplateEntry>,
  scheduler: QuestionLink["scheduler"],
): Promise<TaskTemplateEntry[]> {
  const hashes = messages.flatMap(([hash, , , , , modules = []]) => [hash, ...modules]);
  const sources = await codesOf([...new Set(hashes)], scheduler);
  return messages.map((message) => {
    const [hash, name] = message;
    const key = keyOf(message);
    const entry = key === null ? undefined : known.get(key);
    if (entry !== undefined) return entry;
    const shipped = (hash: ContentHash): ShippedCode => ({ hash, source: codeSource(hash, name, sources) });
    const own = { ...shipped(hash), name };
    const modules = message[5]?.map(shipped);
    const code: FunctionCode = modules === undefined ? own : { ...own, modules };
    const captures = message[3] === null ? null : valueOf(message[3]);
    const made: TaskTemplateEntry = { code, flags: flagsFromMessage(message[2]), message, captures };
    if (key !== null) known.set(key, made);
    return made;
  });
}

function codeSource(
  hash: ContentHash,
  name: string,
  sources: ReadonlyMap<ContentHash, PayloadMessage | null>,
): Uint8Array | BigValue {
  const source = sources.get(hash) ?? null;
  if (source !== null) return valueOf(source);
  throw new SerializationError(`Cannot submit "${name}" again: its code is not there any more; submit it anew.`);
}

/** Templates without captures that say the same are one. */
function keyOf([hash, name, flags, captures, chunked = false, modules = []]: TemplateMessage): string | null {
  return captures === null ? JSON.stringify([hash, name, flags, chunked, modules]) : null;
}

async function codesOf(
  hashes: readonly ContentHash[],
  scheduler: QuestionLink["scheduler"],
): Promise<Map<ContentHash, PayloadMessage | null>> {
  const found = new Map<ContentHash, PayloadMessage | null>();
  for (let at = 0; at < hashes.length; at += CODES_AT_ONCE) {
    const asked = hashes.slice(at, at + CODES_AT_ONCE);
    const codes = await scheduler.codes(asked);
    asked.forEach((hash, index) => found.set(hash, codes[index] ?? null));
  }
  return found;
}

/** A result that the old task was given: the scheduler has it yet, or says that it has not. */
function sourceOf(message: InputMessage): InputSource {
  if (typeof message === "string") return InputSource.named(message);
  return InputSource.of(valueOf(message instanceof Uint8Array ? message : [message[0], message[1], message[2]]));
}

/** A copy of inline bytes, which would keep their whole message alive; a big one stays where it is. */
function valueOf(message: PayloadMessage): Uint8Array | BigValue {
  const payload = payloadFromMessage(message);
  return payload instanceof Uint8Array ? payload.slice() : new BigValue(payload);
}
