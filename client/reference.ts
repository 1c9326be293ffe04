/**
 * A name that is looked up on the engine, in place of a value that is sent there.
 *
 * Knows nothing of engines. Made by users, encoded by `special_values.ts`.
 * @module
 */

/**
 * Stands for what an engine has under a name, anywhere in the arguments of a task: the function gets the value itself,
 * which stays on the engine. Where the name is not there, the task fails with a `ReferenceError`.
 *
 * @example
 * ```ts
 * import { Cluster, Reference } from "../mod.ts";
 *
 * await using cluster = await Cluster.start({ n: 2 });
 * await using client = await cluster.connect();
 * const dview = client.directView();
 * await dview.scatter("part", [1, 2, 3, 4]);
 * const sum = (part: number[]) => part.reduce((a, b) => a + b);
 * console.log(await dview.apply(sum, new Reference("part"))); // [ 3, 7 ]
 * ```
 */
export class Reference {
  /** The name, or a path such as `config.size`. */
  readonly name: string;

  /** Throws `TypeError` for what is no name and no path of names. */
  constructor(name: string) {
    this.name = checkPath(name);
  }
}

const PATH = /^[\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*(\.[\p{ID_Continue}$\u200c\u200d]+)*$/u;

/** A name, or a path of names with dots between them. Throws `TypeError`. */
export function checkPath(path: unknown): string {
  if (typeof path === "string" && PATH.test(path)) return path;
  const shown = typeof path === "string" ? JSON.stringify(path) : String(path);
  throw new TypeError(`Cannot look up ${shown}: it is no name; give one such as "a", or a path such as "a.b".`);
}
