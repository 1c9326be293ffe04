/**
 * Orders to engines that are no tasks: to end, to take a signal; and to the hosts, to end with them.
 *
 * Asks the hosts of the engines, all at once. Called by `client.ts` and `direct_view.ts`.
 * @module
 */
import type { EngineId, HostId } from "../protocol/ids.ts";
import { NoEnginesRegistered, RemoteError } from "../wire/errors.ts";
import { checkSignal } from "./ask_options.ts";
import { checkOptionNames } from "./flag_checks.ts";
import type { HostLink } from "./host_link.ts";
import type { Session } from "./session.ts";
import { untilAnswered } from "./until_answered.ts";
import { happensInTime } from "./waiting.ts";
import type { Targets } from "./direct_submission.ts";

/** How `shutdown` is done. */
export interface ShutdownOptions {
  /** Which engines; default all. */
  readonly targets?: Targets;
  /** Also the hosts' processes and the controller: all of the cluster. Default false. */
  readonly hub?: boolean;
  /** Ends the waiting, with its reason: what was ordered goes on. */
  readonly signal?: AbortSignal | undefined;
}

/** So long running tasks may go on. */
const DRAIN_MS = 10_000;
/** So long the scheduler's word is waited for that engines are gone. */
const NEWS_TIMEOUT_MS = 5_000;

/** Gives orders for one client. */
export class EngineOrders {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  /** Running tasks may finish within 10 s; resolves when the engines are gone. Rejects with `NoEnginesRegistered`. */
  async shutdown(options: ShutdownOptions): Promise<void> {
    // A typo in "targets" would end them all.
    checkOptionNames("shut down", options, ["targets", "hub", "signal"]);
    const { targets = "all", hub = false, signal } = options;
    checkSignal(signal)?.throwIfAborted();
    if (typeof hub !== "boolean") throw new TypeError(`Cannot shut down with hub ${String(hub)}: it is true or false.`);
    if (!hub) return await this.#stop(this.#byHost(targets), signal);
    if (targets !== "all") {
      throw new TypeError('Cannot shut down the hub and only some engines: leave out "targets", or "hub".');
    }
    const { hosts } = await untilAnswered(this.#session, async () => (await this.#session.ask(signal)).hub.status());
    await this.#each(new Map(hosts.map(({ id }) => [id as HostId, []])), (host) => host.shutdown(DRAIN_MS, signal));
  }

  /** Rejects with `TypeError` for what is no signal, `NoEnginesRegistered`. */
  async signal(signal: string, targets: Targets, until?: AbortSignal): Promise<void> {
    checkSignal(until)?.throwIfAborted();
    await this.#each(this.#byHost(targets), (host, ids) => host.signalEngines(signal, ids, until));
  }

  async #stop(hosts: ReadonlyMap<HostId, readonly EngineId[]>, signal: AbortSignal | undefined): Promise<void> {
    const { roster, clock } = this.#session;
    await this.#each(hosts, (host, ids) => host.stopEngines(ids, DRAIN_MS, signal));
    const stopped = [...hosts.values()].flat();
    // The hosts say it before the scheduler does: `client.ids` is to agree.
    while (roster.closed === null && stopped.some((id) => roster.hostOf(id) !== undefined)) {
      const wait = { timeout: NEWS_TIMEOUT_MS, ...(signal && { signal }) };
      const news = await happensInTime((told) => roster.onChange(told), wait, clock);
      if (!news) return;
    }
  }

  #byHost(targets: Targets): Map<HostId, EngineId[]> {
    const { roster } = this.#session;
    const named = typeof targets === "number" ? [targets] : targets;
    const hosts = new Map<HostId, EngineId[]>();
    for (const id of named === "all" ? roster.ids : named as readonly EngineId[]) {
      const host = roster.hostOf(id);
      if (host === undefined) {
        throw new NoEnginesRegistered(`Cannot give orders to engine ${id}: there is none of this id; see client.ids.`);
      }
      hosts.set(host, [...hosts.get(host) ?? [], id]);
    }
    return hosts;
  }

  /** All at once; rejects with the first failure when all have answered. */
  async #each(
    hosts: ReadonlyMap<HostId, readonly EngineId[]>,
    order: (host: HostLink, ids: readonly EngineId[]) => Promise<void>,
  ): Promise<void> {
    const answers = [...hosts].map(([host, ids]) => order(this.#session.hostLink(host), ids));
    const failed = (await Promise.allSettled(answers)).find((answer) => answer.status === "rejected");
    if (failed === undefined) return;
    const { reason } = failed;
    // What the host threw says it better than that it threw.
    throw reason instanceof RemoteError && reason.cause instanceof Error ? reason.cause : reason;
  }
}
