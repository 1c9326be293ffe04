/**
 * What ended a client, and what is said to those who wait for it.
 *
 * Called by `session.ts`, `client_tasks.ts` and `client.ts`.
 * @module
 */
import { ConnectionError, NotRunning, type TroupeError } from "../wire/errors.ts";

/** For a result. A new one for each job: the place of the call is added to its stack. */
export function closedError(cause: Error): ConnectionError {
  const tasks = cause instanceof NotRunning
    ? "Its tasks ended with it; start it again"
    : "The task itself goes on where it was; connect again with Client.connect()";
  return new ConnectionError(`Lost the result: ${cause.message} ${tasks}, and submit what is still needed.`, { cause });
}

/** For a task that is submitted after the end. */
export function notSubmittedError(cause: Error): ConnectionError {
  const again = cause instanceof NotRunning ? "Start it again" : "Connect again with Client.connect()";
  return new ConnectionError(`Cannot submit the task: ${cause.message} ${again}, and use a view of the new client.`, {
    cause,
  });
}

/** For a question. */
export function unansweredError(cause: Error): ConnectionError {
  return new ConnectionError(`Cannot ask the cluster: ${cause.message} Connect again with Client.connect().`, {
    cause,
  });
}

/** The connection ended for good, by itself or for this reason. */
export function connectionLost(cause: Error | undefined): TroupeError {
  if (cause instanceof NotRunning) return cause;
  const reason = cause === undefined ? "" : ` (${cause.message})`;
  return new ConnectionError(
    `The connection to the cluster was closed${reason}.`,
    cause === undefined ? {} : { cause },
  );
}
