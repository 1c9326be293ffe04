/**
 * Questions that a controller did not live to answer: asked again, as a whole, of the one that comes after it.
 *
 * For what may be asked twice alone: reading, and forgetting. Used by `client.ts`, `resubmission.ts` and
 * `engine_orders.ts`.
 * @module
 */
import { ConnectionError } from "../wire/errors.ts";
import type { Questions } from "./questions.ts";
import type { Session } from "./session.ts";
import { happensInTime } from "./waiting.ts";

/** Each of them is a controller that died. */
const TIMES = 10;
const PAUSE_MS = 100;

/** The answer. Rejects with what the question does, but for the loss of a controller. */
export async function untilAnswered<T>(
  session: Pick<Session, "ask" | "clock">,
  question: () => Promise<T>,
): Promise<T> {
  for (let left = TIMES;; left--) {
    try {
      return await question();
    } catch (error) {
      if (!(error instanceof ConnectionError) || left === 0) throw error;
      // Waits for the next controller. Where the client itself has ended, that is said here.
      await session.ask();
      await happensInTime(() => () => {}, { timeout: PAUSE_MS }, session.clock);
    }
  }
}

/** The same questions, each until it is answered. */
export function patientQuestions(questions: Questions, session: Pick<Session, "ask" | "clock">): Questions {
  return new Proxy(questions, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name);
      if (typeof method !== "function") return method;
      return (...args: unknown[]) => untilAnswered(session, () => Reflect.apply(method, target, args));
    },
  });
}
