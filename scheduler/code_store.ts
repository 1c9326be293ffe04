/**
 * Function code by its hash, for as long as somebody may still want it run; and which host has which already.
 *
 * Code lives as long as the session that sent it is attached, and beyond that as long as any task's template that names
 * it: the garbage collector counts these, since templates are shared by the core, the hub and the messages on their way.
 * Code is opaque here: checked against its hash when it comes, passed on when it is first needed somewhere. Owned by the
 * scheduler's shell.
 * @module
 */
import type { ContentHash, HostId, Session } from "../protocol/ids.ts";
import type { CodeMessage } from "../protocol/messages.ts";
import type { Payload, TaskTemplate } from "../protocol/task_spec.ts";
import { contentHash } from "../wire/content_hash.ts";
import { SerializationError } from "../wire/errors.ts";
import { payloadFromMessage, payloadToMessage } from "../wire/messages.ts";

interface Code {
  readonly hash: ContentHash;
  readonly source: Payload;
}

const NO_CODES: readonly Code[] = [];

/** The code that tasks of this template need: of their function, then of the modules that it loads. */
export function codeHashes({ code, modules = [] }: TaskTemplate): readonly ContentHash[] {
  return [code, ...modules];
}

/** The code that the tasks of a cluster run. */
export class CodeStore {
  readonly #known = new Map<ContentHash, WeakRef<Code>>();
  readonly #bySession = new Map<Session, Set<Code>>();
  /** Of the function, then of the modules that it loads. */
  readonly #byTemplate = new WeakMap<TaskTemplate, readonly Code[]>();
  readonly #byHost = new Map<HostId, Set<ContentHash>>();
  readonly #collected = new FinalizationRegistry<ContentHash>((hash) => this.#drop(hash));

  /**
   * Keeps code that a session sent, and binds the templates that came with it. Gives those that can't be: their code
   * never came, or its bytes are not those of its hash.
   */
  receive(
    session: Session,
    codes: readonly CodeMessage[],
    templates: readonly TaskTemplate[],
  ): ReadonlyMap<TaskTemplate, Error> {
    const broken = new Map<ContentHash, Error>();
    for (const message of codes) {
      try {
        this.#set(this.#bySession, session).add(this.#take(message));
      } catch (error) {
        if (!(error instanceof SerializationError)) throw error;
        broken.set(message[0], error);
      }
    }
    const unfit = new Map<TaskTemplate, Error>();
    for (const template of templates) {
      try {
        this.#bind(template);
      } catch (error) {
        if (!(error instanceof SerializationError)) throw error;
        unfit.set(template, broken.get(template.code) ?? error);
      }
    }
    return unfit;
  }

  /** From now on the template keeps its code alive. Throws where the code never came. */
  #bind(template: TaskTemplate): void {
    const codes = codeHashes(template).map((hash) => {
      const code = this.#known.get(hash)?.deref();
      if (code !== undefined) return code;
      throw new SerializationError(`Cannot run "${template.name}": its code "${hash.slice(0, 12)}…" was not sent`);
    });
    this.#byTemplate.set(template, codes);
  }

  /** The same for a template of an earlier life. False: not all of its code is there. */
  inherit(template: TaskTemplate, sources: ReadonlyMap<ContentHash, Payload>): boolean {
    const codes = codeHashes(template).flatMap((hash) => {
      const source = sources.get(hash);
      return source === undefined ? [] : [this.#take([hash, payloadToMessage(source)])];
    });
    this.#byTemplate.set(template, codes);
    return codes.length === codeHashes(template).length;
  }

  /** The code to send along with the first task that needs it on a host: what the host has not had yet. */
  forHost(host: HostId, template: TaskTemplate): readonly CodeMessage[] {
    const sent = this.#set(this.#byHost, host);
    const fresh = this.#byTemplate.get(template)?.filter(({ hash }) => !sent.has(hash)) ?? NO_CODES;
    return fresh.map(({ hash, source }) => {
      sent.add(hash);
      return [hash, payloadToMessage(source)];
    });
  }

  /** The code of a hash; `null` where it is gone. */
  find(hash: ContentHash): Payload | null {
    return this.#known.get(hash)?.deref()?.source ?? null;
  }

  /** A host begins anew, or is gone: it has no code. */
  forgetHost(host: HostId): void {
    this.#byHost.delete(host);
  }

  /** A session is gone: only what its tasks still name is kept of its code. */
  forgetSession(session: Session): void {
    this.#bySession.delete(session);
  }

  #take([hash, message]: CodeMessage): Code {
    const known = this.#known.get(hash)?.deref();
    if (known !== undefined) return known;
    const source = payloadFromMessage(message);
    const bytes = source instanceof Uint8Array;
    if (bytes && contentHash(source) !== hash) {
      throw new SerializationError(
        `Cannot take the code "${
          hash.slice(0, 12)
        }…": its bytes have another hash; was the message changed on its way?`,
      );
    }
    // A copy: the bytes are a view of a frame that would stay alive with them.
    const code: Code = { hash, source: bytes ? source.slice() : source };
    this.#known.set(hash, new WeakRef(code));
    this.#collected.register(code, hash);
    return code;
  }

  /** Hosts keep what they have; when the code comes back, it is sent again, which does no harm. */
  #drop(hash: ContentHash): void {
    if (this.#known.get(hash)?.deref() !== undefined) return;
    this.#known.delete(hash);
    for (const sent of this.#byHost.values()) sent.delete(hash);
  }

  #set<K, V>(sets: Map<K, Set<V>>, key: K): Set<V> {
    let set = sets.get(key);
    if (set === undefined) sets.set(key, set = new Set());
    return set;
  }
}
