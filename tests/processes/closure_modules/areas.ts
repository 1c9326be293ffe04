/** What another module imports. @module */

export default "areas";

/** Of a rectangle. */
export function area(width: number, height: number): number {
  return width * height;
}
