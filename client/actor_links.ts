/**
 * The session's ports on the actor framework: references to the scheduler and to hosts, watched while they are in use.
 *
 * Tells when one is lost; what follows from that is the session's business. Made by `Client.attach`.
 * @module
 */
import type { ActorSystem } from "../actors/actor_system.ts";
import type { CallOptions, Calls, Ref } from "../actors/ref.ts";
import type { HostId, Session, TaskId } from "../protocol/ids.ts";
import type { ClientHello, ClientWelcome, SubmitMessage } from "../protocol/messages.ts";
import { ACTOR_NAMES, type HostApi, type HubApi, type SchedulerApi } from "../protocol/roles.ts";
import type { FindHost, HostLink } from "./host_link.ts";
import type { FindQuestions, QuestionLink } from "./question_link.ts";
import type { SchedulerLink } from "./scheduler_link.ts";

const ATTACH_TIMEOUT_MS = 5_000;
const DETACH_TIMEOUT_MS = 1_000;
/** A search through a million records takes its time. */
const QUESTION_TIMEOUT_MS = 30_000;
/** A piece may wait behind many others on a slow line; a host that is gone is known much sooner. */
const BLOB_TIMEOUT_MS = 60_000;

/** The way to the scheduler; `lost` is called when the one that was attached to is gone; `stopped`: in order, by request. */
export class SchedulerRefLink implements SchedulerLink {
  readonly #ref: Ref<SchedulerApi>;
  readonly #lost: (stopped: boolean) => void;
  #unwatch = () => {};

  constructor(system: ActorSystem, lost: (stopped: boolean) => void) {
    this.#ref = system.ref<SchedulerApi>(ACTOR_NAMES.scheduler);
    this.#lost = lost;
  }

  async attach(hello: ClientHello, signal: AbortSignal): Promise<ClientWelcome> {
    this.#unwatch();
    const welcome = await this.#ref.call.attachClient(hello, { timeout: ATTACH_TIMEOUT_MS, signal });
    this.#unwatch = this.#ref.watch((event) => {
      if (event.kind === "ended") this.#lost(event.reason === "stopped");
    });
    return welcome;
  }

  submit(batch: SubmitMessage): void {
    this.#ref.cast.submit(batch);
  }

  abort(ids: readonly TaskId[]): void {
    this.#ref.cast.abort(ids);
  }

  /** Waits until the good-bye has arrived, but not for long: the scheduler finds out anyway. */
  async detach(session: Session): Promise<void> {
    this.#unwatch();
    await this.#ref.call.detachClient(session, { timeout: DETACH_TIMEOUT_MS }).catch(() => {});
  }

  drained(): Promise<void> {
    return this.#ref.drained();
  }
}

/** The way of questions to scheduler and hub. */
export function questionLinks(system: ActorSystem): FindQuestions {
  const scheduler = system.ref<SchedulerApi>(ACTOR_NAMES.scheduler).call;
  const hub = system.ref<HubApi>(ACTOR_NAMES.hub).call;
  return (signal) => questionLink(scheduler, hub, { timeout: QUESTION_TIMEOUT_MS, ...(signal && { signal }) });
}

function questionLink(scheduler: Calls<SchedulerApi>, hub: Calls<HubApi>, bound: CallOptions): QuestionLink {
  return {
    scheduler: {
      caughtUp: () => scheduler.caughtUp(bound),
      explain: (id) => scheduler.explain(id, bound),
      statusOf: (ids) => scheduler.statusOf(ids, bound),
      queueStatus: (targets, verbose) => scheduler.queueStatus(targets, verbose, bound),
      purge: (ids) => scheduler.purge(ids, bound),
      watch: (session, ids) => scheduler.watch(session, ids, bound),
      codes: (hashes) => scheduler.codes(hashes, bound),
    },
    hub: {
      status: () => hub.status(bound),
      tree: () => hub.tree(bound),
      age: () => hub.age(bound),
      story: (id) => hub.story(id, bound),
      history: (from) => hub.history(from, bound),
      find: (conditions, sort, limit) => hub.find(conditions, sort, limit, bound),
      records: (orders, keys) => hub.records(orders, keys, bound),
      recordsOf: (ids, keys) => hub.recordsOf(ids, keys, bound),
      specs: (ids) => hub.specs(ids, bound),
    },
  };
}

/** Finds hosts by their nodes; `lost` is called when one that was used is gone. */
export function hostLinks(system: ActorSystem, lost: (host: HostId, reason: string) => void): FindHost {
  const links = new Map<HostId, HostLink>();
  return (host) => {
    const known = links.get(host);
    if (known !== undefined) return known;
    const ref = system.refAt<HostApi>(`host.${host}`, ACTOR_NAMES.host);
    const link = hostLink(ref);
    links.set(host, link);
    ref.watch((event) => {
      if (event.kind !== "ended") return;
      links.delete(host);
      lost(host, event.reason);
    });
    return link;
  };
}

function hostLink(ref: Ref<HostApi>): HostLink {
  return {
    direct: (batch) => ref.cast.direct(batch),
    abortDirect: (session, counters) => ref.cast.abortDirect(session, counters),
    drained: () => ref.drained(),
    // No limit: each takes as long as running tasks may, and the end of the host ends the wait.
    stopEngines: (ids, drainMs, until) => ref.call.stopEngines(ids, drainMs, unlimited(until)),
    signalEngines: (signal, ids, until) => ref.call.signalEngines(signal, ids, unlimited(until)),
    shutdown: (drainMs, until) => ref.call.shutdown(drainMs, unlimited(until)),
    putBlob: (upload, size, offset, bytes, engines) =>
      ref.call.putBlob(upload, size, offset, bytes, engines, { timeout: BLOB_TIMEOUT_MS }),
    getBlob: (hash, offset, length) => ref.call.getBlob(hash, offset, length, { timeout: BLOB_TIMEOUT_MS }),
  };
}

function unlimited(signal: AbortSignal | undefined): CallOptions {
  return { timeout: Infinity, ...(signal && { signal }) };
}
