/**
 * The shape of a conformance case, and the few words in which cases speak.
 *
 * A case gets a fresh server and uses nothing but the `Bus` port and what the server kind says it can do.
 * @module
 */
import type { Bus, BusMessage, BusOptions, BusStatus } from "../../../bus/bus.ts";
import { within } from "../../../testing/within.ts";

/** What a kind of server may be unable to do; a skip says why. */
export type Capability = "outage" | "credentials" | "permissions";

/** Subjects that a connection of `connectRestricted` may use; all others are refused. */
export const RESTRICTED = { publish: ["open.>", "_INBOX.>"], subscribe: ["open.>", "_INBOX.>"] } as const;

/** One server with the connections to it. Disposing closes both. */
export interface BusTestServer extends AsyncDisposable {
  /** A connection that may use every subject. */
  connect(options?: BusOptions): Promise<Bus>;
  /** `outage`: the server goes away without a word. */
  goAway?(): Promise<void>;
  /** `outage`: it is back, in the same place, knowing nothing; connections reconnect by themselves. */
  comeBack?(): Promise<void>;
  /** `credentials`: tries to connect with wrong ones. */
  connectWrong?(): Promise<Bus>;
  /** `credentials`: the server comes back, and no longer takes the credentials of those who were connected. */
  comeBackLocked?(): Promise<void>;
  /** `permissions`: a connection that may use `RESTRICTED` only. */
  connectRestricted?(options?: BusOptions): Promise<Bus>;
}

export interface ConformanceCase {
  /** A sentence about a bus. */
  readonly name: string;
  readonly needs?: Capability;
  run(server: BusTestServer): Promise<void>;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export function bytes(text: string | number): Uint8Array {
  return encoder.encode(String(text));
}

export function text(message: BusMessage): string {
  return decoder.decode(message.data);
}

/** Texts that arrive on the pattern, in order, from now on. */
export interface Inlet {
  readonly texts: readonly string[];
  /** Resolves when `count` have arrived in all. */
  reached(count: number): Promise<void>;
}

/** Subscribes, and returns when the server knows. */
export async function inlet(bus: Bus, pattern: string, queue?: string): Promise<Inlet> {
  const texts: string[] = [];
  let wanted = Infinity;
  let resolve = () => {};
  bus.subscribe(pattern, (message) => {
    texts.push(text(message));
    if (texts.length >= wanted) resolve();
  }, queue === undefined ? {} : { queue });
  await bus.flush();
  return {
    texts,
    reached(count) {
      if (texts.length >= count) return Promise.resolve();
      wanted = count;
      return within(new Promise<void>((done) => resolve = done), `${count} messages on "${pattern}"`, 15_000);
    },
  };
}

/** Everything published by the first has been handled by the others when this returns. */
export async function settle(publisher: Bus, ...receivers: Bus[]): Promise<void> {
  for (const bus of [publisher, ...receivers]) await within(bus.flush(), "a flush");
}

/** Resolves at the next change to this status, or now, if it has it. */
export function reaches(bus: Bus, status: BusStatus): Promise<Error | undefined> {
  if (bus.status === status) return Promise.resolve(undefined);
  const { promise, resolve } = Promise.withResolvers<Error | undefined>();
  const forget = bus.onStatus((now, cause) => {
    if (now !== status) return;
    forget();
    resolve(cause);
  });
  return within(promise, `the status "${status}"`, 10_000);
}

/** Errors given to `onError`, and the first of them as a promise. */
export function errorTrap(): {
  readonly errors: Error[];
  readonly onError: (error: Error) => void;
  first(): Promise<Error>;
} {
  const errors: Error[] = [];
  const { promise, resolve } = Promise.withResolvers<Error>();
  const onError = (error: Error) => {
    errors.push(error);
    resolve(error);
  };
  return { errors, onError, first: () => within(promise, "an error at onError") };
}
