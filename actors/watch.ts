/**
 * Watching an actor from outside any actor: a loop over what happens to it, which ends when it does.
 *
 * Inside an actor use `context.watch`, which comes to `onWatched` in the actor's turn. Made by `ActorSystem.watch`.
 * @module
 */
import type { Log } from "../wire/log.ts";
import type { WatchEvent } from "./actor.ts";
import type { Ref } from "./ref.ts";

/**
 * Events of one actor, in order, up to `ended`. Iterate it, or hand `ActorSystem.watch` a listener; not both. Of link
 * states nobody has looked at yet only the last is kept.
 */
export class Watch implements AsyncIterable<WatchEvent>, Disposable {
  readonly #events: WatchEvent[] = [];
  readonly #unwatch: () => void;
  #wake: (() => void) | null = null;
  #over = false;

  /** For `ActorSystem`: watches from now on. */
  constructor(ref: Ref<object>, log: Log, listener: ((event: WatchEvent) => void) | null) {
    this.#unwatch = ref.watch((event) => {
      const told: WatchEvent = { ...event, ref };
      if (listener === null) return this.#keep(told);
      try {
        listener(told);
      } catch (error) {
        log("error", `A listener on actor "${ref}" threw`, { event: told.kind, error });
      }
    });
  }

  /** Ends the watch, and a loop over it. */
  stop(): void {
    if (this.#over) return;
    this.#over = true;
    this.#unwatch();
    this.#wake?.();
  }

  /** The same as `stop`. */
  [Symbol.dispose](): void {
    this.stop();
  }

  /** Ends after `ended`, and with `stop`. */
  async *[Symbol.asyncIterator](): AsyncIterator<WatchEvent> {
    try {
      while (!this.#over) {
        const event = this.#events.shift();
        if (event === undefined) await this.#next();
        else {
          yield event;
          if (event.kind === "ended") return;
        }
      }
    } finally {
      this.stop();
    }
  }

  #keep(event: WatchEvent): void {
    if (event.kind !== "ended") this.#events.length = 0;
    this.#events.push(event);
    this.#wake?.();
  }

  #next(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = () => {
        this.#wake = null;
        resolve();
      };
    });
  }
}
