/**
 * A listener of links that can't do harm: what it throws is logged, and the frame at hand goes on.
 *
 * Used by `node.ts`, which must be able to trust its events.
 * @module
 */
import type { Log } from "../wire/log.ts";
import type { LinkEvents } from "./link_port.ts";

/** Passes every event to whoever `listener` says, and never throws. */
export function guardEvents(listener: () => LinkEvents, log: Log): LinkEvents {
  const blame = (error: unknown) => log("error", "A listener of the node threw.", { error });
  const guard = (tell: () => void) => {
    try {
      tell();
    } catch (error) {
      blame(error);
    }
  };
  return {
    // Called for each message, so without a closure.
    message(from, incarnation, message) {
      try {
        listener().message(from, incarnation, message);
      } catch (error) {
        blame(error);
      }
    },
    down: (peer, incarnation, reason) => guard(() => listener().down(peer, incarnation, reason)),
    unreachable: (peer, incarnation) => guard(() => listener().unreachable(peer, incarnation)),
    reachable: (peer, incarnation) => guard(() => listener().reachable(peer, incarnation)),
  };
}
