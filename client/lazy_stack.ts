/**
 * Stacks that become text when somebody reads them: of many tasks that fail, few are looked at.
 *
 * Used where errors get more to tell than they came with.
 * @module
 */

/** From now on the error's stack, or another text of it, is what `make` gives, called once at most. */
export function stackLater(error: Error, make: () => string, property: string = "stack"): void {
  let made: string | null = null;
  Object.defineProperty(error, property, {
    configurable: true,
    enumerable: property !== "stack",
    get: () => made ??= make(),
    set: (value: string) => void (made = value),
  });
}
