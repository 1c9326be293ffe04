/**
 * Runs one actor: its mailbox, one message at a time, its life from `onStart` to its end, its children and timers.
 *
 * Kill comes before stop, stop before supervision, supervision before messages. A synchronous method costs no promise;
 * an async one is awaited before anything else happens, unless the actor is killed: then it is abandoned. Knows nothing
 * of links or names. Made by `directory.ts`.
 * @module
 */
import type { Clock, TimerHandle } from "../wire/clock.ts";
import type { Log } from "../wire/log.ts";
import type { Actor, ActorHooks } from "./actor.ts";
import { actorEnded, failure, mailboxFull, unknownMethod } from "./cell_errors.ts";
import { CellTimers } from "./cell_timers.ts";
import type { NodeAddress } from "./link_port.ts";
import { Mailbox, type Message, type ReplyTo } from "./mailbox.ts";
import { type ActorMethod, callableMethods } from "./methods.ts";
import type { EndReason } from "./ref.ts";
import type { Runnable, RunQueue } from "./run_queue.ts";

/** What a cell needs of its surroundings. */
export interface CellHost {
  readonly address: NodeAddress;
  readonly clock: Clock;
  readonly log: Log;
  readonly runQueue: RunQueue;
}

export interface CellOptions {
  readonly name: string;
  /** Messages. */
  readonly mailbox: number;
  /** From the order to stop until it is killed, ms. */
  readonly shutdownMs: number;
}

type State = "starting" | "running" | "stopping" | "ended";

export class Cell implements Runnable {
  readonly name: string;
  /** Settles when `onStart` has: with its error, or with the end that came first. */
  readonly started: Promise<void>;
  /** Resolves at the end. */
  readonly ended: Promise<EndReason>;
  /** Started by this actor, in this order; they end with it. */
  readonly children = new Set<Cell>();
  sender: NodeAddress;

  readonly #host: CellHost;
  readonly #actor: Actor;
  readonly #methods: ReadonlyMap<string, ActorMethod>;
  readonly #mailbox: Mailbox;
  readonly #shutdownMs: number;
  readonly #startedSettlers = Promise.withResolvers<void>();
  readonly #endedSettlers = Promise.withResolvers<EndReason>();
  readonly #timers: CellTimers;
  readonly #endListeners = new Set<(reason: EndReason) => void>();
  #hooks: ActorHooks | null = null;
  #state: State = "starting";
  #reason: EndReason | null = null;
  #scheduled = false;
  /** An async method or hook is pending. */
  #busy = false;
  #current: Message | null = null;
  #laterReply: PromiseLike<unknown> | null = null;
  /** Handled, and to be answered when a promise of theirs settles. */
  readonly #unanswered = new Set<Message>();
  #deadline: TimerHandle | undefined;

  constructor(host: CellHost, actor: Actor, options: CellOptions) {
    this.#host = host;
    this.#actor = actor;
    this.name = options.name;
    this.sender = host.address;
    this.#timers = new CellTimers(host.clock);
    this.#methods = callableMethods(actor);
    this.#mailbox = new Mailbox(options.mailbox);
    this.#shutdownMs = options.shutdownMs;
    this.started = this.#startedSettlers.promise;
    this.ended = this.#endedSettlers.promise;
    this.started.catch(() => {});
  }

  get isEnded(): boolean {
    return this.#state === "ended";
  }

  /** Why it ended or is about to; `null` while it lives. */
  get reason(): EndReason | null {
    return this.#reason;
  }

  /** Runs `onStart`; messages wait until it is done. */
  start(hooks: ActorHooks): void {
    this.#hooks = hooks;
    this.#attempt(() => hooks.start(), () => {
      if (this.#state === "starting") this.#state = "running";
      if (this.#reason === null) this.#startedSettlers.resolve();
      this.#wake();
    }, (error) => {
      this.#startedSettlers.reject(error);
      this.#finish(failure(error), "without onStop");
    });
  }

  /** A message of this process. Throws `MailboxFull`. */
  post(method: string, args: readonly unknown[], reply: ReplyTo | null): void {
    if (this.#mailbox.isFull) throw mailboxFull(this.name, method, this.#mailbox.bound);
    this.#accept({ method, args, from: this.#host.address, reply, task: null, onTaken: null });
  }

  /** A message of another node: always taken, since its credit bounds what it may have here. */
  postRemote(message: Message): void {
    this.#accept(message);
  }

  /** Before all messages. Ignored from the end on. */
  notice(run: (hooks: ActorHooks) => unknown): void {
    const hooks = this.#hooks;
    if (this.#reason !== null || hooks === null) return;
    this.#mailbox.pushNotice(() => run(hooks));
    this.#wake();
  }

  /** Behind the messages that are there already. Ignored from the end on. */
  noticeBehind(run: (hooks: ActorHooks) => unknown): void {
    const hooks = this.#hooks;
    if (this.#reason !== null || hooks === null) return;
    const task = () => run(hooks);
    this.#accept({ method: "onWatched", args: [], from: this.#host.address, reply: null, task, onTaken: null });
  }

  /** Stops it after the message it is handling. Resolves at its end. */
  stop(): Promise<EndReason> {
    this.#endWith("stopped");
    return this.ended;
  }

  /** The same as a failure. */
  fail(error: unknown): void {
    this.#endWith(failure(error));
  }

  /** Ends it here and now. What its method had begun goes on unheard. */
  kill(): void {
    if (this.#state === "ended") return;
    for (const child of [...this.children].reverse()) child.kill();
    this.#reason = "killed";
    this.#conclude();
  }

  after(delayMs: number, task: () => unknown): () => void {
    if (this.#reason !== null) return () => {};
    return this.#timers.set(delayMs, () => {
      this.#accept({ method: "after", args: [], from: this.#host.address, reply: null, task, onTaken: null });
    });
  }

  /** The method that is running returns this promise, and nothing waits for it but its caller. */
  replyLater(reply: PromiseLike<unknown>): void {
    this.#laterReply = reply;
  }

  /** Calls back once, at the end. The result takes the callback away. */
  onEnd(listener: (reason: EndReason) => void): () => void {
    this.#endListeners.add(listener);
    return () => this.#endListeners.delete(listener);
  }

  drained(): Promise<void> {
    return this.#mailbox.drained();
  }

  runSlice(budget: number): boolean {
    for (let left = budget; left > 0 && !this.#busy; left--) {
      if (this.#reason !== null) {
        this.#finish(this.#reason, "with onStop");
        break;
      }
      const notice = this.#mailbox.takeNotice();
      if (notice !== undefined) {
        this.sender = this.#host.address;
        this.#attempt(notice, () => {}, (error) => this.#crash("onWatched", error));
        continue;
      }
      const message = this.#mailbox.take();
      if (message === undefined) break;
      this.#handle(message);
    }
    this.#scheduled = !this.#busy && this.#state === "running" && this.#hasWork;
    return this.#scheduled;
  }

  get #hasWork(): boolean {
    return this.#reason !== null || !this.#mailbox.isEmpty;
  }

  #accept(message: Message): void {
    if (this.#reason !== null) {
      message.onTaken?.();
      return this.#refuse(message);
    }
    this.#mailbox.push(message);
    this.#wake();
  }

  #wake(): void {
    if (this.#scheduled || this.#busy || this.#state !== "running" || !this.#hasWork) return;
    this.#scheduled = true;
    this.#host.runQueue.schedule(this);
  }

  #handle(message: Message): void {
    const { task, reply } = message;
    const method = task ?? this.#methods.get(message.method);
    if (method === undefined) return this.#unknownMethod(message);
    if (reply === null && task === null && this.#isQuestion(message.method)) return this.#dropQuestion(message);
    this.sender = message.from;
    let result: unknown;
    try {
      result = task === null ? Reflect.apply(method, this.#actor, message.args) : task();
    } catch (error) {
      return this.#threw(message, error);
    }
    if (!isThenable(result)) return reply?.resolve(result);
    if (result !== this.#laterReply) return this.#await(message, result);
    this.#laterReply = null;
    this.#answerLater(message, result);
  }

  /** The end of the actor is an answer too, if it comes first. */
  #answerLater(message: Message, result: PromiseLike<unknown>): void {
    this.#unanswered.add(message);
    result.then(
      (value) => this.#unanswered.delete(message) && message.reply?.resolve(value),
      (error) => this.#unanswered.delete(message) && this.#threw(message, error),
    );
  }

  #await(message: Message, result: PromiseLike<unknown>): void {
    this.#current = message;
    this.#attempt(() => result, (value) => {
      this.#current = null;
      message.reply?.resolve(value);
    }, (error) => {
      this.#current = null;
      this.#threw(message, error);
    });
  }

  /** Runs something that may be async; nothing else runs until it is done. Its outcome is dropped after the end. */
  #attempt(run: () => unknown, done: (value: unknown) => void, failed: (error: unknown) => void): void {
    let result: unknown;
    try {
      result = run();
    } catch (error) {
      return failed(error);
    }
    if (!isThenable(result)) return done(result);
    this.#busy = true;
    const settle = (then: () => void) => {
      if (this.#state === "ended") return;
      this.#busy = false;
      then();
      this.#wake();
    };
    result.then((value) => settle(() => done(value)), (error) => settle(() => failed(error)));
  }

  #threw(message: Message, error: unknown): void {
    if (message.reply === null) this.#crash(message.method, error);
    else message.reply.reject(error, true);
  }

  #crash(where: string, error: unknown): void {
    this.#host.log("error", `Ending actor "${this.name}": ${where}() threw`, {
      actor: this.name,
      method: where,
      error,
    });
    this.#endWith(failure(error));
  }

  #isQuestion(method: string): boolean {
    return (this.#actor.constructor as typeof Actor).callsOnly.includes(method);
  }

  #dropQuestion({ method, from }: Message): void {
    const text = `Dropping the cast of "${method}" to actor "${this.name}": it is only there to be called`;
    this.#host.log("warn", text, { actor: this.name, method, from });
  }

  #unknownMethod(message: Message): void {
    const text = unknownMethod(this.name, this.#actor.constructor.name, message.method, this.#methods.keys());
    if (message.reply !== null) message.reply.reject(new TypeError(text), true);
    else this.#host.log("warn", text, { actor: this.name, method: message.method, from: message.from });
  }

  #endWith(reason: EndReason): void {
    if (this.#reason !== null) return;
    this.#reason = reason;
    this.#setDeadline();
    // Its onStart may be waiting for a child that never gets there.
    if (this.#state === "starting") void this.#stopChildren();
    this.#refuseAll();
    this.#wake();
  }

  #setDeadline(): void {
    if (this.#shutdownMs === Infinity) return;
    this.#deadline = this.#host.clock.setTimer(() => {
      const text = `Killing actor "${this.name}": it did not stop within ${this.#shutdownMs} ms`;
      this.#host.log("warn", text, { actor: this.name });
      this.kill();
    }, this.#shutdownMs);
  }

  /** Children first, the last one started first; then `onStop`; then the end. */
  #finish(reason: EndReason, hook: "with onStop" | "without onStop"): void {
    if (this.#state === "stopping" || this.#state === "ended") return;
    this.#reason = reason;
    this.#state = "stopping";
    this.#refuseAll();
    this.#attempt(() => this.children.size > 0 ? this.#stopChildren() : undefined, () => {
      if (hook === "without onStop") return this.#conclude();
      this.#attempt(() => this.#hooks?.stop(reason), () => this.#conclude(), (error) => {
        this.#host.log("error", `onStop() of actor "${this.name}" threw`, { actor: this.name, error });
        this.#conclude();
      });
    }, () => this.#conclude());
  }

  async #stopChildren(): Promise<void> {
    for (const child of [...this.children].reverse()) await child.stop();
  }

  #conclude(): void {
    if (this.#state === "ended") return;
    this.#state = "ended";
    const reason = this.#reason ?? "stopped";
    if (this.#deadline !== undefined) this.#host.clock.clearTimer(this.#deadline);
    this.#timers.clear();
    this.#refuseAll();
    if (this.#current !== null) this.#unanswered.add(this.#current);
    for (const message of this.#unanswered) this.#refuse(message);
    this.#unanswered.clear();
    this.#current = null;
    this.#startedSettlers.reject(actorEnded(this.name, this.#reason));
    for (const listener of [...this.#endListeners]) listener(reason);
    this.#endListeners.clear();
    this.#endedSettlers.resolve(reason);
  }

  #refuseAll(): void {
    while (this.#mailbox.takeNotice() !== undefined);
    for (let message = this.#mailbox.take(); message !== undefined; message = this.#mailbox.take()) {
      this.#refuse(message);
    }
  }

  #refuse(message: Message): void {
    message.reply?.reject(actorEnded(this.name, this.#reason), false);
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}
