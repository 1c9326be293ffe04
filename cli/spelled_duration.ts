/**
 * A duration as people read it: `7 s`, `3 min 2 s`, `5 h 12 min`.
 * @module
 */

/** Of ms; what is below a second is cut off. */
export function spelledDuration(ms: number): string {
  const s = Math.floor(ms / 1000);
  if (s < 60) return `${s} s`;
  return s < 3_600
    ? `${Math.floor(s / 60)} min ${s % 60} s`
    : `${Math.floor(s / 3_600)} h ${Math.floor(s / 60) % 60} min`;
}
