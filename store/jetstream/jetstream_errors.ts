/**
 * What JetStream answers, sorted into what passes and what does not, and in words that say what to do.
 * @module
 */
import { errors } from "../../deps/nats.ts";
import { JetStreamApiError } from "../../deps/nats_jetstream.ts";
import { StoreError } from "../../wire/errors.ts";

/** The server has no leader for the stream, or no time. */
const PASSING_CODES = new Set([10_008, 10_009, 10_118, 10_158]);
const NOT_ENABLED_CODES = new Set([10_039, 10_076]);
/** Room, memory, number of streams: of the stream, the account or the server. */
const LIMIT_CODES = new Set([10_002, 10_023, 10_026, 10_027, 10_028, 10_047, 10_054, 10_077, 10_121]);
const WRONG_LAST_SEQUENCE = 10_071;
const NOT_FOUND_CODES = new Set([10_037, 10_059]);

/** Another message came in between: that of a later controller, or one's own that was thought lost. */
export function isWrongSequence(error: unknown): boolean {
  return error instanceof JetStreamApiError && error.code === WRONG_LAST_SEQUENCE;
}

/** The number of the newest message, if the error is that it is another than was expected. */
export function lastSequence(error: unknown): number | null {
  return error instanceof Error && isWrongSequence(error) ? Number(/\d+$/.exec(error.message)?.[0] ?? 0) : null;
}

/** The stream or the message is not there. */
export function isNotFound(error: unknown): boolean {
  return error instanceof JetStreamApiError && NOT_FOUND_CODES.has(error.code);
}

/** Nobody answers for JetStream there. */
export function isNotEnabled(error: unknown): boolean {
  return error instanceof Error && error.name === "JetStreamNotEnabled";
}

/** May it be well a little later? Everything may that is not an answer, but for a refusal and the end of the connection. */
export function isPassing(error: unknown): boolean {
  if (error instanceof JetStreamApiError) {
    // The server says 503 to some of these too. Whoever can make room is to be told.
    return !LIMIT_CODES.has(error.code) && (PASSING_CODES.has(error.code) || error.status === 503);
  }
  return error instanceof Error && !(error instanceof StoreError) && !(error instanceof TypeError) &&
    forbidden(error) === undefined && !(error instanceof errors.ClosedConnectionError) &&
    !(error instanceof errors.DrainingConnectionError);
}

/** `action` begins the message: `Cannot write`. */
export function jetStreamError(action: string, cluster: string, error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  const start = `${action} the store of "${cluster}" in JetStream`;
  return new StoreError(`${start}: ${explain(error)}.`, { cause: error });
}

function explain(error: unknown): string {
  const reason = error instanceof Error ? error.message : String(error);
  const subject = forbidden(error);
  if (subject !== undefined) {
    return `the controller's credentials may not use "${subject}"; allow it "$JS.API.>", "$KV.TROUPE_*.>" ` +
      'and "troupe-store.>" on the server';
  }
  if (error instanceof JetStreamApiError) {
    if (NOT_ENABLED_CODES.has(error.code)) return NOT_ENABLED;
    if (LIMIT_CODES.has(error.code)) {
      return `there is no room (the server says "${reason}"); raise the limits of the account or the stream, or free some`;
    }
    return `the server says "${reason}" (${error.code}); its log says more`;
  }
  if (isNotEnabled(error)) return NOT_ENABLED;
  if (error instanceof errors.ClosedConnectionError || error instanceof errors.DrainingConnectionError) {
    return "the connection to NATS was closed; connect again";
  }
  if (error instanceof errors.TimeoutError) return "no answer came; see whether the server runs, and has JetStream";
  return `${reason || "no answer came"}; see whether the server runs, and its log`;
}

const NOT_ENABLED = "JetStream is not enabled there, for the server or for this account; enable it " +
  '("jetstream {}" in the configuration of nats-server), or choose another store';

/** The subject that the server did not allow, if that is what it is about. */
function forbidden(error: unknown): string | undefined {
  if (error instanceof errors.PermissionViolationError) return error.subject;
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error ? forbidden(cause) : undefined;
}
