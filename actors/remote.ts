/**
 * The rest of the world, as one actor system sees it: other nodes, and the names their actors have.
 *
 * Joins `peers.ts` (addresses) with `names.ts` (names) and makes routes out of both. Owned by `ActorSystem`.
 * @module
 */
import type { Bus } from "../bus/bus.ts";
import type { Clock } from "../wire/clock.ts";
import type { Log } from "../wire/log.ts";
import type { CodecName } from "./argument_codec.ts";
import type { Directory } from "./directory.ts";
import type { LinkTransport, NodeAddress } from "./link_port.ts";
import { LocalRoute } from "./local_route.ts";
import type { NameClaim } from "./name_claim.ts";
import { cannotAsk, NameRoute } from "./name_route.ts";
import { Names } from "./names.ts";
import { Peers } from "./peers.ts";
import type { Route } from "./ref.ts";

/** A transport that is up, and what goes with it. */
export interface RemoteOptions {
  readonly transport: LinkTransport;
  /** Where names are asked for; `null`: names are unique in this process only. */
  readonly bus: Bus | null;
  /** The name of the system, first part of every subject. */
  readonly cluster: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly codec: CodecName;
  /** Casts and calls that may wait at one other node; at least 1,024. */
  readonly window: number;
  /** The right of this node to unique names; absent: none. See `names.ts`. */
  readonly rank?: number;
  /** Whether the bus is ours to close. */
  readonly closesBus: boolean;
}

export class Remote {
  readonly #options: RemoteOptions;
  readonly #directory: Directory;
  readonly #peers: Peers;
  readonly #names: Names | null;
  /** One a name, where names are looked up. */
  readonly #nameRoutes = new Map<string, NameRoute>();
  /** Where each name was found. */
  readonly #foundAt = new Map<string, NodeAddress>();

  constructor(options: RemoteOptions, directory: Directory) {
    const { transport, bus, log, codec, window } = options;
    this.#options = options;
    this.#directory = directory;
    const onMoved = (node: NodeAddress, actor: string | null) => this.#forget(node, actor);
    this.#peers = new Peers({ transport, directory, log, codec, window, onMoved });
    transport.listen(this.#peers);
    this.#names = bus === null ? null : new Names({
      bus,
      cluster: options.cluster,
      address: transport.address,
      incarnation: transport.incarnation,
      clock: options.clock,
      log,
      rank: options.rank ?? 0,
      onReleased: (name) => this.#nameRoutes.get(name)?.forget(),
    });
  }

  get incarnation(): string {
    return this.#options.transport.incarnation;
  }

  /** Takes a unique name for an actor of this node. Rejects with `NameTaken`. */
  async claim(name: string): Promise<NameClaim | null> {
    const claim = await this.#names?.claim(name) ?? null;
    this.#nameRoutes.get(name)?.forget();
    return claim;
  }

  /** The way to whoever has a unique name. */
  routeTo(name: string): Route {
    const kept = this.#nameRoutes.get(name);
    if (kept !== undefined) return kept;
    const { clock, log } = this.#options;
    const route = new NameRoute({
      name,
      clock,
      log,
      localRoute: () => this.#isHere(name) ? new LocalRoute(this.#directory, name) : null,
      lookUp: () => this.#lookUp(name),
    });
    this.#nameRoutes.set(name, route);
    return route;
  }

  /** The way to an actor of a known node. */
  routeAt(node: NodeAddress, actor: string): Route {
    const peers = this.#peers;
    return {
      address: { node, actor },
      clock: this.#options.clock,
      post: (method, args, pending) => peers.post(node, actor, method, args, pending),
      drained: () => peers.drained(node),
      watch: (listener) => peers.watch(node, actor, listener),
    };
  }

  async close(): Promise<void> {
    this.#names?.close();
    await this.#options.transport.close();
    this.#peers.endAll();
    if (this.#options.closesBus) await this.#options.bus?.close();
  }

  #isHere(name: string): boolean {
    return this.#names === null ? this.#directory.find(name) !== undefined : this.#names.owns(name);
  }

  async #lookUp(name: string): Promise<Route | null> {
    if (this.#names === null) throw cannotAsk(name);
    const node = await this.#names.lookup(name);
    if (node === null) return null;
    this.#foundAt.set(name, node);
    return this.routeAt(node, name);
  }

  #forget(node: NodeAddress, actor: string | null): void {
    for (const [name, foundAt] of this.#foundAt) {
      if (foundAt !== node || (actor !== null && actor !== name)) continue;
      this.#foundAt.delete(name);
      this.#nameRoutes.get(name)?.forget();
    }
  }
}
