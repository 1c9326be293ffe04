/**
 * The official NATS client, opened and watched: the only file that looks at its state from inside.
 * @module
 */
import { Backoff } from "./backoff.ts";
import type { NatsBusOptions } from "./nats_bus.ts";
import { type NatsAddress, type NatsCredentials, resolveNatsAddress } from "./nats_address.ts";
import { connectFailure, isRefusal } from "./nats_errors.ts";
import { makeRoomForLongMessages, type ParserHolder } from "./nats_long_messages.ts";
import { dialNats } from "./nats_transport.ts";
import {
  type Authenticator,
  credsAuthenticator,
  type NatsConnection,
  tokenAuthenticator,
  usernamePasswordAuthenticator,
} from "../deps/nats.ts";

const DEFAULT_TIMEOUT_MS = 5_000;
const DEFAULT_PING_MS = 10_000;
const DEFAULT_RECONNECT_MS = 50;
const DEFAULT_RECONNECT_MAX_MS = 2_000;

/** So many refusals in a row end it: one may be of a server that is just given its users. */
const REFUSALS = 2;

/** What happens to a connection. */
export interface NatsEvents {
  /** The connection is gone, for now. */
  lost(): void;
  /** It is there again, with all subscriptions. */
  back(): void;
  /** The server sent an error. */
  reported(error: Error): void;
  /** The server no longer takes the credentials, and ends the connection. */
  refused(error: Error): void;
  /** For ever, by an error or on request. */
  ended(error: Error | undefined): void;
}

/** A connection and what is known of it. */
export interface OpenedNats {
  /** The official client. */
  readonly connection: NatsConnection;
  /** The servers, for messages. */
  readonly names: string;
  /** As the server last said. */
  readonly maxPayload: number;
  /** `false` as soon as the client knows that its socket is gone, some microtasks before its event says so. */
  readonly alive: boolean;
  /** Says what happens from now on; to be called once. */
  listen(events: NatsEvents): void;
  /** Drops the connection and dials the next server; `false`: there is but one. */
  renew(): boolean;
  /** Ends it for ever. */
  close(): Promise<void>;
}

/**
 * The client knows at once when its socket ends, and tells only in an event later: this is where it keeps it; and the
 * servers that it knows, the next one to be dialled first.
 */
interface ProtocolState {
  readonly protocol: { readonly connected: boolean; readonly servers: ServerList } & ParserHolder;
}

interface ServerList {
  readonly servers: readonly unknown[];
  getCurrentServer(): unknown;
  /** Takes the first and puts it last. */
  selectServer(): unknown;
}

/** Connects with the official client. Errors are those of `connectNats`. */
export async function openNats(options: NatsBusOptions): Promise<OpenedNats> {
  const address = resolveNatsAddress(options.servers);
  const backoff = new Backoff({
    initialMs: options.reconnectInitial ?? DEFAULT_RECONNECT_MS,
    maxMs: options.reconnectMax ?? DEFAULT_RECONNECT_MAX_MS,
    random: options.random ?? Math.random,
  });
  const connection = await dial(options, address, backoff).catch((error) => {
    throw connectFailure(error, address.names);
  });
  const { protocol } = connection as unknown as ProtocolState;
  makeRoomForLongMessages(protocol);
  let maxPayload = connection.info?.max_payload ?? 0;
  return {
    connection,
    names: address.names,
    get maxPayload() {
      return maxPayload;
    },
    get alive() {
      return protocol.connected && !connection.isClosed();
    },
    listen(events) {
      let refusal: Error | undefined;
      let refusals = 0;
      void watch(connection, backoff, {
        ...events,
        back: () => {
          refusals = 0;
          maxPayload = connection.info?.max_payload ?? maxPayload;
          events.back();
        },
        refused: (error) => {
          events.refused(error);
          if (++refusals < REFUSALS) return;
          refusal = error;
          void connection.close();
        },
      });
      void connection.closed().then((error) => events.ended(error instanceof Error ? error : refusal));
    },
    renew() {
      const list = protocol.servers;
      if (list.servers.length < 2 || !protocol.connected) return false;
      // After its first connection the client would dial the same server again, which may take its time to fail.
      if (list.servers[0] === list.getCurrentServer()) list.selectServer();
      void connection.reconnect();
      return true;
    },
    close: () => connection.close(),
  };
}

function dial(options: NatsBusOptions, address: NatsAddress, backoff: Backoff): Promise<NatsConnection> {
  const credentials = options.credentials ?? address.credentials;
  return dialNats({
    servers: [...address.servers],
    name: options.name ?? "troupe",
    timeout: options.timeout ?? DEFAULT_TIMEOUT_MS,
    pingInterval: options.pingInterval ?? DEFAULT_PING_MS,
    maxReconnectAttempts: -1,
    // It would give up at the second of any two in its life, also where the server only waited in vain for the login.
    ignoreAuthErrorAbort: true,
    reconnectDelayHandler: () => backoff.pauseMs,
    // The client alone would go on in the clear where the server has no TLS.
    ...(address.secure ? { tls: {} } : {}),
    // For the requests of whoever uses the client itself: the bus makes its own.
    ...(options.inboxPrefix === undefined ? {} : { inboxPrefix: options.inboxPrefix }),
    ...(credentials === undefined ? {} : { authenticator: authenticator(credentials) }),
  });
}

function authenticator(credentials: NatsCredentials): Authenticator | Authenticator[] {
  if ("token" in credentials) {
    const token = tokenAuthenticator(credentials.token);
    return "user" in credentials ? [token, usernamePasswordAuthenticator(credentials.user, credentials.pass)] : token;
  }
  if ("creds" in credentials) return credsAuthenticator(new TextEncoder().encode(credentials.creds));
  return usernamePasswordAuthenticator(credentials.user, credentials.pass);
}

async function watch(connection: NatsConnection, backoff: Backoff, events: NatsEvents): Promise<void> {
  for await (const status of connection.status()) {
    if (status.type === "disconnect") events.lost();
    else if (status.type === "reconnecting") backoff.attempted();
    else if (status.type === "error" && isRefusal(status.error)) events.refused(status.error);
    else if (status.type === "error") events.reported(status.error);
    else if (status.type === "reconnect") {
      backoff.reset();
      events.back();
    }
  }
}
