/**
 * What is said to those who wait for a client that ended.
 *
 * Called by `session.ts`.
 * @module
 */
import { ConnectionError, NotRunning } from "../wire/errors.ts";

/** For a result. A new one for each job: the place of the call is added to its stack. */
export function closedError(cause: Error): ConnectionError {
  const tasks = cause instanceof NotRunning
    ? "Its tasks ended with it; start it again"
    : "The task itself goes on where it was; connect again with Client.connect()";
  return new ConnectionError(`Lost the result: ${cause.message} ${tasks}, and submit what is still needed.`, { cause });
}

/** For a question. */
export function unansweredError(cause: Error): ConnectionError {
  return new ConnectionError(`Cannot ask the cluster: ${cause.message} Connect again with Client.connect().`, {
    cause,
  });
}
