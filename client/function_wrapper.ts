/**
 * What `depend(…)` and `require(…)` give: a function that wraps another, and that serves as a decorator of static methods.
 *
 * Called with a function it returns the wrapped one; as a decorator it understands the standard form and the legacy one,
 * since the user's compiler options decide which it is. Knows nothing of what the wrapping does.
 * @module
 */
import type { AnyFunction } from "./source_text.ts";

/** What a decorator in the standard form is told of the method. */
export interface DecoratedMethod {
  /** `"method"`. */
  readonly kind: string;
  /** Of the method. */
  readonly name: string | symbol;
  /** Only static methods can be shipped. */
  readonly static: boolean;
}

/** A function with the parameters of `G`, whose result comes as a promise; `G` itself, where it does so anyway. */
export type Asynchronous<G extends AnyFunction> = ReturnType<G> extends PromiseLike<unknown> ? G
  : (...args: Parameters<G>) => Promise<Awaited<ReturnType<G>>>;

/** The two ways in which compilers call decorators. The method keeps the type that it was declared with. */
export interface MethodDecorator {
  /** As a standard decorator. Throws `TypeError` for anything but a static method. */
  <G extends AnyFunction>(method: G, context: DecoratedMethod): G;
  /** As a legacy decorator (`experimentalDecorators`). Throws `TypeError` for anything but a static method. */
  <G extends AnyFunction>(
    holder: object,
    name: string | symbol,
    descriptor: TypedPropertyDescriptor<G>,
  ): TypedPropertyDescriptor<G>;
}

/** Wraps functions as they are typed. */
export type FunctionWrapper = MethodDecorator & PlainWrapper;

/** Wraps functions; the wrapped ones give promises. */
export type AsynchronousWrapper = MethodDecorator & PromisingWrapper;

/** Called with a function. */
export interface PlainWrapper {
  /** The function behind its conditions. Throws `TypeError` for what is no function. */
  <G extends AnyFunction>(g: G): G;
}

/** Called with a function. */
export interface PromisingWrapper {
  /** The function behind its conditions. Throws `TypeError` for what is no function. */
  <G extends AnyFunction>(g: G): Asynchronous<G>;
}

/** `what`: for errors. `wrap` is only called with functions. */
export function functionWrapper(what: string, wrap: (f: AnyFunction) => AnyFunction): FunctionWrapper {
  const apply = (...call: readonly unknown[]): unknown => {
    const [first, second, third] = call;
    if (call.length === 1) return wrap(checkFunction(what, first));
    if (isDescriptor(third)) return decorateLegacy(what, wrap, first, second, third);
    return wrap(checkStandard(what, first, second));
  };
  return apply as FunctionWrapper;
}

function checkFunction(what: string, value: unknown): AnyFunction {
  if (typeof value === "function") return value as AnyFunction;
  throw new TypeError(`Cannot wrap ${String(value)} with ${what}(…): it is no function; call ${what}(…)(f).`);
}

function checkStandard(what: string, value: unknown, context: unknown): AnyFunction {
  const { kind, name, static: isStatic } = (context ?? {}) as Partial<DecoratedMethod>;
  if (kind === "method" && isStatic === true) return checkFunction(what, value);
  throw notStatic(what, name);
}

/** The holder of a static method is its class, that of any other the prototype. */
function decorateLegacy(
  what: string,
  wrap: (f: AnyFunction) => AnyFunction,
  holder: unknown,
  name: unknown,
  descriptor: PropertyDescriptor,
): PropertyDescriptor {
  if (typeof holder !== "function" || typeof descriptor.value !== "function") throw notStatic(what, name);
  return { ...descriptor, value: wrap(descriptor.value) };
}

function isDescriptor(value: unknown): value is PropertyDescriptor {
  return typeof value === "object" && value !== null && ("value" in value || "get" in value || "set" in value);
}

function notStatic(what: string, name: unknown): TypeError {
  return new TypeError(
    `Cannot decorate ${JSON.stringify(String(name))} with ${what}(…): only a static method stands alone and can be ` +
      `shipped; make it one, or wrap a function: ${what}(…)(f).`,
  );
}
