/**
 * Shell patterns on texts: `*` any text, `?` any character, `[a-z]` one of a set, `[!a-z]` one that is not in it.
 *
 * Takes time in proportion to text and pattern multiplied, whatever they are: nobody stops the hub with a pattern. Pure.
 * @module
 */

type Piece = "*" | ((character: string) => boolean);

/** A function that tells whether a whole text fits the pattern. */
export function globMatcher(pattern: string): (text: string) => boolean {
  const pieces = parse([...pattern]);
  return (text) => matches(pieces, [...text]);
}

function parse(pattern: readonly string[]): Piece[] {
  const pieces: Piece[] = [];
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern[at] ?? "";
    const end = character === "[" ? endOfSet(pattern, at) : -1;
    if (end > 0) {
      pieces.push(setOf(pattern.slice(at + 1, end)));
      at = end;
    } else if (character === "*") pieces.push("*");
    else if (character === "?") pieces.push(() => true);
    else pieces.push((other) => other === character);
  }
  return pieces;
}

/** Where the set that begins here is closed; -1: nowhere, so the bracket stands for itself. A first `]` is part of it. */
function endOfSet(pattern: readonly string[], start: number): number {
  const first = pattern[start + 1] === "!" ? start + 2 : start + 1;
  return pattern.indexOf("]", first + 1);
}

function setOf(content: readonly string[]): (character: string) => boolean {
  const isNegated = content[0] === "!";
  const members = isNegated ? content.slice(1) : content;
  const ranges: [string, string][] = [];
  for (let at = 0; at < members.length; at++) {
    const from = members[at] ?? "";
    const to = members[at + 1] === "-" ? members[at + 2] : undefined;
    ranges.push([from, to ?? from]);
    if (to !== undefined) at += 2;
  }
  return (character) => ranges.some(([from, to]) => from <= character && character <= to) !== isNegated;
}

/** Goes back to the last `*` only: what an earlier one took can always be left to it. */
function matches(pieces: readonly Piece[], text: readonly string[]): boolean {
  let piece = 0;
  let star = -1;
  let resume = 0;
  for (let at = 0; at < text.length;) {
    const wanted = pieces[piece];
    if (wanted === "*") {
      star = piece++;
      resume = at;
    } else if (wanted !== undefined && wanted(text[at] ?? "")) {
      piece++;
      at++;
    } else if (star >= 0) {
      piece = star + 1;
      at = ++resume;
    } else return false;
  }
  while (pieces[piece] === "*") piece++;
  return piece === pieces.length;
}
