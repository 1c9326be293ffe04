/**
 * Nodes on a faultless bus and a fake clock, with a record of all they were told. For the tests of links.
 * @module
 */
import assert from "node:assert/strict";
import { type FrameEnds, parseFrame } from "../../../actors/frame.ts";
import type { LinkBounds } from "../../../actors/link_bounds.ts";
import type { LinkMessage, NodeAddress } from "../../../actors/link_port.ts";
import { Node } from "../../../actors/node.ts";
import { FakeClock } from "../../../testing/fake_clock.ts";
import { type FaultyBus, FaultyNet } from "../../simulated/links/faulty_net.ts";

/** First byte of what a node says to itself. */
const ECHO_MARK = 0xc1;

export const CLUSTER = "c";
export const HEARTBEAT_MS = 1_000;

/** A node and what its listener was told: messages apart, the rest as lines. */
export interface Party {
  readonly node: Node;
  readonly bus: FaultyBus;
  readonly messages: LinkMessage[];
  readonly events: string[];
  readonly logged: string[];
  /** Called with each message after it is recorded. */
  onMessage: ((from: NodeAddress, message: LinkMessage) => void) | null;
  onDown: ((peer: NodeAddress) => void) | null;
}

export class LinkHarness {
  readonly clock = new FakeClock();
  readonly net: FaultyNet;

  constructor(maxPayload = 64 * 1024) {
    this.net = new FaultyNet(this.clock, () => 0, maxPayload);
  }

  party(name: string, incarnation = `${name}1`, bounds: LinkBounds = {}): Party {
    const bus = this.net.connect();
    const logged: string[] = [];
    const node = new Node({
      bus,
      cluster: CLUSTER,
      role: "node",
      node: name,
      incarnation,
      clock: this.clock,
      heartbeatMs: HEARTBEAT_MS,
      log: (level, message) => logged.push(`${level} ${message}`),
      bounds,
    });
    const party: Party = { node, bus, messages: [], events: [], logged, onMessage: null, onDown: null };
    node.listen({
      message(from, _incarnation, message) {
        party.messages.push(message);
        party.onMessage?.(from, message);
      },
      down(peer, of, reason) {
        party.events.push(`down ${peer} ${of} ${reason}`);
        party.onDown?.(peer);
      },
      unreachable: (peer, of) => party.events.push(`unreachable ${peer} ${of}`),
      reachable: (peer, of) => party.events.push(`reachable ${peer} ${of}`),
    });
    return party;
  }

  /** Two nodes with an open link and nothing under way. */
  async pair(bounds: LinkBounds = {}): Promise<[Party, Party]> {
    const [a, b] = [this.party("a", "a1", bounds), this.party("b", "b1", bounds)];
    a.node.send("node.b", ["first"]);
    await this.clock.run(100);
    assert.deepEqual(b.messages.splice(0), [["first"]]);
    return [a, b];
  }

  /** The kinds of the frames published while `work` runs, as `a>data`; what nodes say to themselves is left out. */
  async frames(work: () => unknown): Promise<string[]> {
    const seen: string[] = [];
    this.net.tap = (_subject, data) => {
      if (data[0] === ECHO_MARK) return;
      const frame = parseFrame(data.slice());
      seen.push(frame === null ? "garbage" : `${frame.from.slice("node.".length)}>${frame.kind}`);
    };
    await work();
    this.net.tap = null;
    return seen;
  }

  /** Publishes bytes on a node's subject from a connection of its own. */
  inject(to: string, bytes: Uint8Array): void {
    this.net.connect().publish(`troupe.${CLUSTER}.node.${to}`, bytes);
  }

  /** The death of a process: nothing more comes from it, nothing reaches it. */
  async kill(party: Party): Promise<void> {
    party.bus.die();
    await party.bus.close();
  }

  async close(...parties: Party[]): Promise<void> {
    const closing = Promise.all(parties.map((party) => party.node.close()));
    await this.clock.run(5_000);
    await closing;
    assert.equal(this.clock.pending, 0, "no timer is left behind");
  }
}

/** Ends of a frame from a made-up sender. */
export function endsOf(ends: Partial<FrameEnds>): FrameEnds {
  return { from: "node.x", incarnation: "x1", generation: 1, toIncarnation: null, toGeneration: 0, ...ends };
}
