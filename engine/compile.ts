/**
 * From the source text of a function to the function: compiled once per template, called with fresh captures each time.
 *
 * The text is evaluated in the global scope, in strict mode as the module it came from was. Methods come as shorthand,
 * so a text that is no expression is tried as a method. Called by the task runner.
 * @module
 */
import type { ContentHash } from "../protocol/ids.ts";

/** A shipped function. */
export type TaskFunction = (...args: unknown[]) => unknown;

/** Gives the function its captured values; `null`: it has none. */
export type TaskFactory = (captures: Readonly<Record<string, unknown>> | null) => TaskFunction;

/** What stands before the text on its first line; stack positions are moved back by as much. */
export const TEXT_PREFIX = '"use strict";(';
const METHOD_PREFIX = '"use strict";({';

const evaluate = eval;

/** The name under which stacks show the function's source. */
export function sourceName(name: string, hash: ContentHash): string {
  return `troupe:${name.replace(/[^\w$.<>-]/g, "_")}@${hash.slice(0, 8)}`;
}

/**
 * Throws `SyntaxError` or `TypeError` where the text is no function. `shift`: what was put before it on its first line,
 * for its stacks to leave out.
 */
export function compileFunction(text: string, name: string, hash: ContentHash, shift = 0): TaskFunction {
  const source = sourceName(name, hash) + (shift === 0 ? "" : `+${shift}`);
  const value = evaluateText(text, `\n//# sourceURL=${source}`, name);
  if (typeof value === "function") return value as TaskFunction;
  throw new TypeError(
    `Cannot run "${name}": its source is not a function but ${value === null ? "null" : typeof value}`,
  );
}

function evaluateText(text: string, suffix: string, name: string): unknown {
  try {
    return evaluate(`${TEXT_PREFIX}${text}\n)${suffix}`);
  } catch (asExpression) {
    if (!(asExpression instanceof SyntaxError)) throw asExpression;
    const method = evaluateMethod(text, suffix);
    if (method !== undefined) return method;
    throw new SyntaxError(`Cannot compile "${name}": ${asExpression.message}`, { cause: asExpression });
  }
}

function evaluateMethod(text: string, suffix: string): unknown {
  try {
    const holder = evaluate(`${METHOD_PREFIX}${text}\n})${suffix}`) as object;
    const key = Reflect.ownKeys(holder)[0];
    return key === undefined ? undefined : (holder as Record<PropertyKey, unknown>)[key];
  } catch {
    return undefined;
  }
}

/** As `compileFunction`, for a function that needs values of these names around it. */
export function compileFactory(
  text: string,
  name: string,
  hash: ContentHash,
  captures: readonly string[],
): TaskFactory {
  const head = `({${captures.filter(isIdentifier).join(",")}}) => (`;
  const factory = compileFunction(`${head}${text}\n)`, name, hash, head.length);
  return (values) => factory(values) as TaskFunction;
}

/** Only names may become part of a text that is evaluated. */
function isIdentifier(name: string): boolean {
  return /^[\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*$/u.test(name);
}
