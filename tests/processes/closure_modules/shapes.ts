/** A user's module: a class that it registers itself, and state. @module */
import { registerType } from "../../../mod.ts";
import { area } from "./areas.ts";

export class Rectangle {
  constructor(readonly width: number, readonly height: number) {}

  area(): number {
    return area(this.width, this.height);
  }
}
registerType(Rectangle);

let made = 0;

/** Counts what it makes. */
export function square(side: number): Rectangle {
  made++;
  return new Rectangle(side, side);
}

/** How many it made. */
export function count(): number {
  return made;
}

/** Fails in this file. */
export function fail(): never {
  throw new RangeError("no such shape");
}
