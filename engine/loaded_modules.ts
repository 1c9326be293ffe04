/**
 * The modules whose texts came with function code: imported at first use, once in the life of the process, so that their
 * state persists as that of any module does.
 *
 * A text is imported from a `blob:` URL, which needs no permission. A text that no template names any more, that nobody
 * loaded and nothing that was pushed may load is let go. Shipped functions reach it through the symbol of `MODULES_KEY`;
 * owned by the engine.
 * @module
 */
import type { ContentHash } from "../protocol/ids.ts";

/** The exports of a module. */
export type ModuleNamespace = Readonly<Record<string, unknown>>;

interface KnownModule {
  readonly text: string;
  /** Templates that name it. */
  users: number;
  /** Something that was pushed may load it at any time: it counts as a user. */
  kept: boolean;
  loading: Promise<ModuleNamespace> | null;
}

/** The modules of one engine. */
export class LoadedModules {
  readonly #known = new Map<ContentHash, KnownModule>();
  readonly #names = new Map<string, string>();
  // Kept here because tasks may patch the globals.
  readonly #createUrl = URL.createObjectURL;
  readonly #revokeUrl = URL.revokeObjectURL;

  /** A template names it. */
  use(hash: ContentHash, text: string): void {
    const known = this.#known.get(hash);
    if (known === undefined) this.#known.set(hash, { text, users: 1, kept: false, loading: null });
    else known.users++;
  }

  /** A template that named it is forgotten. */
  letGo(hash: ContentHash): void {
    const known = this.#known.get(hash);
    if (known !== undefined && --known.users === 0 && known.loading === null) this.#known.delete(hash);
  }

  /** Functions that load it stay in this process, whatever templates are forgotten. */
  keep(hash: ContentHash): void {
    const known = this.#known.get(hash);
    if (known === undefined || known.kept) return;
    known.kept = true;
    known.users++;
  }

  /** The module's exports. Rejects with what its code throws, and with `RangeError` where its text has not come. */
  load(hash: string): Promise<ModuleNamespace> {
    const known = this.#known.get(hash as ContentHash);
    if (known === undefined) {
      return Promise.reject(new RangeError(`Cannot load module "${hash.slice(0, 12)}…": its text has not come here`));
    }
    return known.loading ??= this.#import(hash, known);
  }

  /** A line of a stack, with the names of modules in place of the URLs that they were imported from. */
  named(line: string): string {
    return line.replace(/blob:null\/[\w-]+/g, (url) => this.#names.get(url) ?? url);
  }

  async #import(hash: string, known: KnownModule): Promise<ModuleNamespace> {
    const url = this.#createUrl(new Blob([known.text], { type: "text/javascript" }));
    this.#names.set(url, `troupe:module@${hash.slice(0, 8)}`);
    try {
      return await import(url);
    } catch (error) {
      // A second attempt may find what the first one did not, such as a package.
      known.loading = null;
      throw error;
    } finally {
      this.#revokeUrl(url);
    }
  }
}
