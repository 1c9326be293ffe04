/**
 * From positions in a bundle to positions in the files that it was made from, with their text.
 *
 * Reads the third version of the format, as it stands at the end of a text. Decoded at first use: most modules never
 * fail. Used by `module_bundle.ts` and for the stacks of errors.
 * @module
 */

/** A position in a file. Lines and columns count from 1. */
export interface SourcePlace {
  readonly url: string;
  readonly line: number;
  readonly column: number;
  /** The line itself, where it can be had. */
  readonly text: string | null;
}

interface MapDocument {
  readonly sources: readonly string[];
  readonly sourcesContent?: readonly (string | null)[];
  readonly mappings: string;
}

/** `[column, source, line, column]` of what begins at the first column; all count from 0. */
type Segment = readonly [column: number, source: number, line: number, sourceColumn: number];

const MARK = "\n//# sourceMappingURL=data:application/json;base64,";
const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const NO_SEGMENTS: readonly Segment[] = [];

/** One map. */
export class SourceMap {
  readonly #encoded: string;
  readonly #base: URL;
  #decoded: { readonly document: MapDocument; readonly lines: readonly (readonly Segment[])[] } | null = null;

  private constructor(encoded: string, base: URL) {
    this.#encoded = encoded;
    this.#base = base;
  }

  /** A text without its map, and the map. `base`: what the names of the sources are relative to. */
  static split(text: string, base: URL): readonly [text: string, map: SourceMap] {
    const at = text.lastIndexOf(MARK);
    if (at < 0) return [text, new SourceMap("", base)];
    return [text.slice(0, at + 1), new SourceMap(text.slice(at + MARK.length).trim(), base)];
  }

  /** Where the text at a position comes from; `null` where the map does not say. Throws for a map that is none. */
  find(line: number, column: number): SourcePlace | null {
    if (this.#encoded === "") return null;
    const { document, lines } = this.#decoded ??= decode(this.#encoded);
    const segments = lines[line - 1] ?? NO_SEGMENTS;
    const segment = segments.findLast(([start]) => start < column) ?? segments[0];
    const name = segment === undefined ? undefined : document.sources[segment[1]];
    if (segment === undefined || name === undefined) return null;
    const text = document.sourcesContent?.[segment[1]]?.split("\n")[segment[2]] ?? null;
    return { url: new URL(name, this.#base).href, line: segment[2] + 1, column: segment[3] + 1, text };
  }
}

function decode(encoded: string): { readonly document: MapDocument; readonly lines: readonly (readonly Segment[])[] } {
  const bytes = Uint8Array.from(atob(encoded), (character) => character.charCodeAt(0));
  const document = JSON.parse(new TextDecoder().decode(bytes)) as MapDocument;
  const state = { source: 0, line: 0, column: 0 };
  const lines = document.mappings.split(";").map((line) => {
    let column = 0;
    return line.split(",").flatMap((text): Segment[] => {
      const [columns = 0, sources, rows = 0, sourceColumns = 0] = numbers(text);
      column += columns;
      if (sources === undefined) return [];
      state.source += sources;
      state.line += rows;
      state.column += sourceColumns;
      return [[column, state.source, state.line, state.column]];
    });
  });
  return { document, lines };
}

/** Numbers in base 64, five bits a digit, the lowest first; the lowest bit of a number is its sign. */
function numbers(text: string): number[] {
  const found: number[] = [];
  let value = 0;
  let shift = 0;
  for (const character of text) {
    const digit = DIGITS.indexOf(character);
    value |= (digit & 31) << shift;
    shift += 5;
    if ((digit & 32) !== 0) continue;
    found.push((value & 1) === 1 ? -(value >>> 1) : value >>> 1);
    value = 0;
    shift = 0;
  }
  return found;
}
