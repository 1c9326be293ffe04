/**
 * What each client program is asked to do, and how it answers: the words that the programs in all languages share.
 *
 * A program gets a URL, a user and a password as arguments. For each step it prints one line, `ok <step>` or
 * `failed <step>: <why>`, and ends with 0 in either case; what it prints besides these lines is shown when it fails.
 * @module
 */

/** The steps, by the names under which programs report them. */
export const STEPS = [
  "publish and subscribe",
  "wildcards",
  "queue group",
  "request and reply",
  "headers",
  "no responders",
  "large payload",
  "unsubscribe after a maximum",
  "wrong password",
] as const;

/** One of them. */
export type Step = typeof STEPS[number];

/** What became of a step: `undefined` for fine, else why not. */
export type StepResults = ReadonlyMap<Step, string | undefined>;

/** Reads what a program printed. A step that it did not speak of has failed. */
export function readResults(output: string): StepResults {
  const lines = output.split(/\r?\n/);
  return new Map(STEPS.map((step) => {
    if (lines.includes(`ok ${step}`)) return [step, undefined];
    const failed = lines.find((line) => line.startsWith(`failed ${step}:`));
    return [step, failed?.slice(`failed ${step}:`.length).trim() ?? "the program did not get that far"];
  }));
}
