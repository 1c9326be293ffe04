/**
 * What the NATS client and the server report, in the words and classes of Troupe.
 * @module
 */
import { errors } from "../deps/nats.ts";
import { AuthorizationError, ConnectionError, type TroupeError } from "../wire/errors.ts";

const LOGIN_TOO_LATE = /authentication timeout/i;

/**
 * Does the server refuse the credentials as a whole? That it waited in vain for them says nothing of them: the line was
 * slow, or this process was.
 */
export function isRefusal(error: unknown): boolean {
  if (error instanceof errors.UserAuthenticationExpiredError) return true;
  return error instanceof errors.AuthorizationError && !LOGIN_TOO_LATE.test(error.message);
}

/** The subject or pattern that an error says is not allowed. */
export function forbiddenSubject(error: unknown): { readonly operation: string; readonly subject: string } | undefined {
  return error instanceof errors.PermissionViolationError ? error : undefined;
}

/** Why a connection could not be made, or ended for good. `names` are the servers. */
export function connectFailure(error: unknown, names: string): TroupeError {
  const reason = error instanceof errors.TimeoutError
    ? "nothing there answers as a NATS server does"
    : error instanceof Error
    ? error.message
    : String(error);
  if (isRefusal(error)) {
    return new AuthorizationError(
      `Cannot connect to ${names}: the server said "${reason}"; check the credentials, and that they belong to it.`,
      { cause: error },
    );
  }
  return new ConnectionError(
    `Cannot connect to ${names}: ${reason || "no answer"}; ${whatToDo(reason)}.`,
    { cause: error },
  );
}

function whatToDo(reason: string): string {
  if (LOGIN_TOO_LATE.test(reason)) return "it waited in vain for the login, over a slow line perhaps: try again";
  if (/altnames/.test(reason)) return "use an address that the server's certificate names";
  if (/certificate/i.test(reason)) return "name the file of the authority that signed it in DENO_CERT";
  if (reason.includes("'tls'")) return "set TLS up there, or write nats:// where the network may read along";
  return "check the address, and that a NATS server listens there";
}

/** An error that the server sent and that belongs to no call. */
export function serverError(error: Error): TroupeError {
  if (error instanceof errors.PermissionViolationError) {
    const action = error.operation === "publish" ? "publish to" : "subscribe to";
    return new AuthorizationError(
      `Cannot ${action} "${error.subject}": these credentials are not allowed to; check the role they belong to, ` +
        "or the permissions on the server.",
      { cause: error },
    );
  }
  if (isRefusal(error)) {
    return new AuthorizationError(`Lost the connection: the server said "${error.message}"; check the credentials.`, {
      cause: error,
    });
  }
  return new ConnectionError(`The NATS server reported "${error.message}"; its log says more.`, { cause: error });
}
