/**
 * `registerType`: classes whose instances travel.
 *
 * What was registered is kept with the class itself, under a symbol that every copy of the library knows. Called by
 * users; read by `function_shipping.ts`.
 * @module
 */
import { printed } from "./source_text.ts";

/** How instances of a class travel. */
export interface RegisterTypeOptions<T extends object, D = unknown> {
  /** What other programs know it by, that read results of this one. Default: the name of the class. */
  readonly name?: string;
  /** What travels of an instance: any value that travels itself. Default: its own enumerable properties. */
  readonly encode?: (value: T) => D;
  /** The instance again. Default: an object of the class with these properties; no constructor runs. */
  readonly decode?: (data: D) => T;
}

/** Any class. */
export type AnyClass<T extends object = object> = abstract new (...args: never[]) => T;

/** What is known of a registered class. */
export interface RegisteredType {
  readonly name: string;
  readonly encode: ((value: object) => unknown) | null;
  readonly decode: ((data: unknown) => object) | null;
}

const REGISTERED = Symbol.for("troupe.registered");
/** Where classes are found by name, for results that another program asked for. */
const BY_NAME = Symbol.for("troupe.registeredNames");

/**
 * Lets instances of a class travel, as arguments, in captured variables and in results. On an engine they are instances
 * of the same class: its text goes there with what it captured, once, as these are when it first travels. What its
 * instances hold in own enumerable properties travels, and no constructor runs; a class with more than that, such as
 * private fields or what a built-in class keeps inside, needs `encode` and `decode`, which may use the class and travel
 * with it. Subclasses are registered by themselves.
 *
 * Throws `TypeError` for what is no class, and for one whose instances hold more than properties where `encode` or
 * `decode` is missing.
 *
 * @example
 * ```ts
 * import { registerType } from "./registered_type.ts";
 *
 * class Point {
 *   constructor(readonly x: number, readonly y: number) {}
 *   norm(): number {
 *     return Math.hypot(this.x, this.y);
 *   }
 * }
 * registerType(Point); // now lview.apply((p: Point) => p.norm(), new Point(3, 4)) gives 5
 *
 * class Celsius {
 *   #degrees: number;
 *   constructor(degrees: number) {
 *     this.#degrees = degrees;
 *   }
 *   get degrees(): number {
 *     return this.#degrees;
 *   }
 * }
 * registerType(Celsius, { encode: (value) => value.degrees, decode: (degrees) => new Celsius(degrees) });
 * ```
 */
export function registerType<T extends object, D = unknown>(
  Class: AnyClass<T>,
  options: RegisterTypeOptions<T, D> = {},
): void {
  if (typeof Class !== "function" || Class.prototype === undefined) {
    throw new TypeError(`Cannot register ${String(Class)}: it is no class; give a class, as in registerType(Point).`);
  }
  const { encode = null, decode = null } = options;
  const name = options.name ?? Class.name;
  if (name === "") throw new TypeError('Cannot register a class without a name: give one, { name: "Point" }.');
  if ((encode === null) !== (decode === null)) {
    throw new TypeError(`Cannot register "${name}" with "${encode === null ? "decode" : "encode"}" alone: give both.`);
  }
  if (encode === null) checkPlain(Class, name);
  const registered: RegisteredType = {
    name,
    encode: encode as RegisteredType["encode"],
    decode: decode as RegisteredType["decode"],
  };
  Object.defineProperty(Class, REGISTERED, { value: registered, configurable: true });
  namedTypes().set(name, Class);
}

/** `null` where it is not registered; subclasses are not. */
export function registeredType(Class: unknown): RegisteredType | null {
  if (typeof Class !== "function" || !Object.hasOwn(Class, REGISTERED)) return null;
  return (Class as unknown as Record<symbol, RegisteredType>)[REGISTERED] ?? null;
}

/** The class last registered under a name here. */
export function typeNamed(name: string): AnyClass | null {
  return namedTypes().get(name) ?? null;
}

function namedTypes(): Map<string, AnyClass> {
  const global = globalThis as unknown as Record<symbol, Map<string, AnyClass> | undefined>;
  const known = global[BY_NAME];
  if (known !== undefined) return known;
  const types = new Map<string, AnyClass>();
  Object.defineProperty(globalThis, BY_NAME, { value: types });
  return types;
}

/** Comments and texts, in which a `#` means nothing. */
const NO_CODE = /\/\*[\s\S]*?\*\/|\/\/[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`/g;
const PRIVATE = /#[\p{ID_Start}$_]/u;

function checkPlain(Class: AnyClass, name: string): void {
  const instead = `give { encode, decode }, as in registerType(${
    Class.name || name
  }, { encode: (value) => …, decode: (data) => … })`;
  for (let base: unknown = Class; typeof base === "function"; base = Object.getPrototypeOf(base)) {
    if (base === Function.prototype) return;
    const text = Function.prototype.toString.call(base);
    if (/\{\s*\[native code\]\s*\}\s*$/.test(text)) {
      throw new TypeError(
        `Cannot register "${name}": it extends ${base.name}, whose instances hold more than properties; ${instead}.`,
      );
    }
    if (PRIVATE.test(printed(base as never).replace(NO_CODE, ""))) {
      throw new TypeError(`Cannot register "${name}": its instances have private state (#…); ${instead}.`);
    }
  }
}
