/**
 * Who listens to a subject: NATS subject matching, and what a valid subject or pattern is.
 *
 * A pattern may hold `*` (exactly one token) and, as its last token, `>` (one or more tokens). The tree knows nothing of
 * queue groups or connections: values carry what their owner needs. Used by the in-memory bus and the embedded broker,
 * for which `match` is the hot path.
 * @module
 */

/** Answers for literal subjects that are kept; twice as many at most. */
const CACHE_GENERATION = 4_096;

interface TreeNode<T> {
  readonly children: Map<string, TreeNode<T>>;
  /** Values whose pattern ends here. */
  readonly here: Set<T>;
  /** Values whose pattern ends here with `>`. */
  readonly below: Set<T>;
}

/** Values by subject pattern. A value is held once for each pattern. */
export class SubjectTree<T> {
  readonly #root: TreeNode<T> = newNode();
  #size = 0;
  // Two generations instead of LRU: subjects that are used once (inboxes) pass through the young one, and what is hot
  // survives by being moved back into it.
  #young = new Map<string, readonly T[]>();
  #old = new Map<string, readonly T[]>();

  /** Pairs of pattern and value held. */
  get size(): number {
    return this.#size;
  }

  /** Adds the pair; `false` when it is there already. `TypeError` for a pattern that is not valid. */
  insert(pattern: string, value: T): boolean {
    if (!isValidPattern(pattern)) throw new TypeError(describeBadPattern(pattern));
    const tokens = pattern.split(".");
    let node = this.#root;
    const rest = tokens.at(-1) === ">";
    if (rest) tokens.pop();
    for (const token of tokens) {
      let child = node.children.get(token);
      if (child === undefined) node.children.set(token, child = newNode());
      node = child;
    }
    const values = rest ? node.below : node.here;
    if (values.has(value)) return false;
    values.add(value);
    this.#size++;
    this.#forget(pattern);
    return true;
  }

  /** Takes the pair away; `false` when it is not there. */
  remove(pattern: string, value: T): boolean {
    const tokens = pattern.split(".");
    const rest = tokens.at(-1) === ">";
    if (rest) tokens.pop();
    const path: TreeNode<T>[] = [this.#root];
    let node = this.#root;
    for (const token of tokens) {
      const child = node.children.get(token);
      if (child === undefined) return false;
      path.push(node = child);
    }
    if (!(rest ? node.below : node.here).delete(value)) return false;
    prune(path, tokens);
    this.#size--;
    this.#forget(pattern);
    return true;
  }

  /**
   * The values whose pattern matches the literal subject, each once for every pattern of its that does. The array is
   * shared and never changes: it may be walked while values are inserted and removed.
   */
  match(subject: string): readonly T[] {
    const young = this.#young.get(subject);
    if (young !== undefined) return young;
    const found = this.#old.get(subject) ?? this.#walk(subject);
    if (this.#young.size >= CACHE_GENERATION) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(subject, found);
    return found;
  }

  #walk(subject: string): readonly T[] {
    const found: T[] = [];
    collect(this.#root, subject, 0, found);
    return found;
  }

  #forget(pattern: string): void {
    if (isValidSubject(pattern)) {
      this.#young.delete(pattern);
      this.#old.delete(pattern);
    } else {
      this.#young.clear();
      this.#old.clear();
    }
  }
}

function newNode<T>(): TreeNode<T> {
  return { children: new Map(), here: new Set(), below: new Set() };
}

/** From the token that begins at `start`; -1 is past the last. */
function collect<T>(node: TreeNode<T>, subject: string, start: number, found: T[]): void {
  if (start < 0) {
    for (const value of node.here) found.push(value);
    return;
  }
  for (const value of node.below) found.push(value);
  if (node.children.size === 0) return;
  const dot = subject.indexOf(".", start);
  const token = dot < 0 ? subject.slice(start) : subject.slice(start, dot);
  const next = dot < 0 ? -1 : dot + 1;
  const literal = node.children.get(token);
  if (literal !== undefined) collect(literal, subject, next, found);
  // A published `*` is no subject, but must not be delivered twice either.
  const star = token === "*" ? undefined : node.children.get("*");
  if (star !== undefined) collect(star, subject, next, found);
}

/** Takes away the nodes at the end of the path that hold nothing any more. */
function prune<T>(path: readonly TreeNode<T>[], tokens: readonly string[]): void {
  for (let depth = tokens.length; depth > 0; depth--) {
    const node = path[depth];
    const token = tokens[depth - 1];
    if (node === undefined || token === undefined) return;
    if (node.children.size + node.here.size + node.below.size > 0) return;
    path[depth - 1]?.children.delete(token);
  }
}

const DOT = 46;
const SPACE = 32;
const DELETE = 127;
const STAR = 42;
const REST = 62;

/** May be published to: tokens joined by dots, none of them empty or a wildcard, no blanks or control characters. */
export function isValidSubject(subject: string): boolean {
  return isValid(subject, false);
}

/** May be subscribed to: as `isValidSubject`, but a token may be `*`, and the last one `>`. */
export function isValidPattern(pattern: string): boolean {
  return isValid(pattern, true);
}

/** `*` and `>` are wildcards only where they are a whole token; `a*` is a plain token, as in NATS. */
function isValid(text: string, wildcards: boolean): boolean {
  let start = 0;
  const end = text.length;
  for (let index = 0; index <= end; index++) {
    const char = index < end ? text.charCodeAt(index) : DOT;
    if (char <= SPACE || char === DELETE) return false;
    if (char !== DOT) continue;
    const length = index - start;
    if (length === 0) return false;
    if (length === 1) {
      const only = text.charCodeAt(start);
      if (only === STAR && !wildcards) return false;
      if (only === REST && !(wildcards && index === end)) return false;
    }
    start = index + 1;
  }
  return true;
}

/** Is every subject that `pattern` matches also matched by `allowed`? Both must be valid patterns. */
export function patternCovers(allowed: string, pattern: string): boolean {
  const outer = allowed.split(".");
  const inner = pattern.split(".");
  for (const [index, token] of outer.entries()) {
    const other = inner[index];
    if (other === undefined) return false;
    if (token === ">") return true;
    if (other === ">") return false;
    if (token !== "*" && token !== other) return false;
  }
  return outer.length === inner.length;
}

/** Why a pattern is refused. */
export function describeBadPattern(pattern: string): string {
  return `Cannot subscribe to "${pattern}": it must be tokens joined by dots, without blanks, where "*" stands for one ` +
    `token and ">", as the last one, for all that follow.`;
}
