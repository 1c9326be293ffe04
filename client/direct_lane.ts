/**
 * What is on its way from one client to one host: direct tasks in order, over the link or in a broadcast.
 *
 * Nothing goes out while something is waited for: a big value, credit, the host's word that it took a broadcast, or that
 * the host gets done with what it has. Data and small moves only; `direct_queue.ts` decides.
 * @module
 */
import type { ContentHash, HostId } from "../protocol/ids.ts";
import type { TimerHandle } from "../wire/clock.ts";
import { InFlight, type InFlightBounds } from "./in_flight.ts";
import type { HostLink } from "./host_link.ts";
import type { PendingTask } from "./task_table.ts";

/** A host keeps what is for an engine until that has run it, and results until they are sent: so much of one client. */
const MAX_IN_FLIGHT: InFlightBounds = { bytes: 64 * 1024 * 1024, tasks: 10_000 };

/** A share of a broadcast whose host has not said that it took it. */
export interface UnheardShare {
  readonly sequence: number;
  /** What goes over the link where the host did not take it. */
  readonly tasks: readonly PendingTask[];
  /** Aborted meanwhile: told when the host has the tasks for sure. */
  readonly aborted: number[];
  /** When it goes over the link; `null`: it is to go now, as one message under its number. */
  timer: TimerHandle | null;
}

/** The way to one host. */
export class DirectLane {
  readonly host: HostId;
  readonly link: HostLink;
  /** Code that the host has had from us. */
  readonly known = new Set<ContentHash>();
  /** What the host has and is not settled. */
  readonly inFlight = new InFlight(MAX_IN_FLIGHT);
  /** Not sent yet, in order. */
  unsent: PendingTask[] = [];
  /** Number of the next message to this host. */
  sequence = 0;
  waiting = false;
  unheard: UnheardShare | null = null;

  constructor(host: HostId, link: HostLink) {
    this.host = host;
    this.link = link;
  }

  /** Whether something may go out now. */
  get open(): boolean {
    if (this.waiting) return false;
    if (this.unheard !== null) return this.unheard.timer === null;
    return this.unsent.length > 0 && !this.inFlight.full;
  }

  /** Whether these are what goes next. */
  startsWith(tasks: readonly PendingTask[]): boolean {
    return tasks.every((task, index) => this.unsent[index] === task);
  }

  /** Takes back what was not sent. */
  takeBack(counter: number): boolean {
    const before = this.unsent.length;
    this.unsent = this.unsent.filter((task) => task.counter !== counter);
    return this.unsent.length < before;
  }
}
