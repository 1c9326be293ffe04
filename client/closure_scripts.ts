/**
 * What the text of a function depends on: looked up in the script it stands in where that is known, which tells what each
 * name is bound to; else in the text alone.
 *
 * Parses each script once, keeps a bounded number of them. Reads text, runs nothing. Called by `closure_graph.ts`.
 * @module
 */
import { SerializationError } from "../wire/errors.ts";
import { shownPlace } from "./declared_place.ts";
import type { ScopeReader, ScriptPlace } from "./closure_reader.ts";
import type { BoundName, ParsedScript, ParseScript, ScriptNote, ScriptReference, TextRange } from "./parsed_script.ts";
import { isClassText, isMethodText } from "./source_text.ts";

/** A name that is free in a text. */
export interface FreeName {
  readonly name: string;
  /** `null`: not known; a global, or a variable of a script that can't be read. */
  readonly binding: BoundName | null;
  /** In the text. */
  readonly uses: readonly ScriptReference[];
  /** Whether a class needs it to be made: it is in what it extends. */
  readonly isHeritage: boolean;
  /** Whether it is all that stands behind an `extends`. */
  readonly isBase: boolean;
}

/** A dynamic import in a text. */
export interface DynamicImport {
  readonly start: number;
  readonly end: number;
  readonly specifier: string;
}

/** A place in a script as it runs, which is without types. Both count from 1. */
export interface TextPosition {
  readonly line: number;
  readonly column: number;
}

/** A function's text and what it depends on. */
export interface FunctionText {
  readonly text: string;
  readonly form: "expression" | "method" | "class";
  readonly free: readonly FreeName[];
  readonly imports: readonly DynamicImport[];
  /** The script; `""`: not known. */
  readonly url: string;
  /** The script, for comparison; `null`: not known. */
  readonly scriptId: string | null;
  /** Where in its script it begins; 0: not known. */
  readonly offset: number;
  /** The same for people; `null`: not known. */
  readonly position: TextPosition | null;
  /** Functions and loops of the script around it. */
  readonly repeats: readonly TextRange[];
}

interface Script {
  readonly url: string;
  readonly parsed: ParsedScript;
  readonly lineStarts: readonly number[];
}

const KEPT_SCRIPTS = 64;
const KEPT_TEXTS = 1_000;
/** Longer ones are not parsed as a whole: it would take seconds. */
const MAX_SCRIPT_LENGTH = 4_000_000;

/** Finds out about functions of this program. */
export class ClosureScripts {
  readonly #parse: ParseScript;
  readonly #reader: ScopeReader | null;
  readonly #scripts = new Map<string, Script | null>();
  readonly #texts = new Map<string, FunctionText>();

  constructor(parse: ParseScript, reader: ScopeReader | null) {
    this.#parse = parse;
    this.#reader = reader;
  }

  /** Throws `SerializationError` for a text that can't stand alone. `name`: for errors. */
  look(name: string, text: string, place: ScriptPlace | null): FunctionText {
    const key = place === null ? text : `${place.scriptId}:${place.line}:${place.column}\n${text}`;
    let known = this.#texts.get(key);
    if (known === undefined) {
      known = this.#lookAt(name, text, place);
      keep(this.#texts, key, known, KEPT_TEXTS);
    }
    return known;
  }

  /** Where that is in a script that was looked at, while it is kept. */
  positionIn(scriptId: string, offset: number): TextPosition | null {
    const script = this.#scripts.get(scriptId) ?? null;
    return script === null ? null : positionOf(script.lineStarts, offset);
  }

  #lookAt(name: string, text: string, place: ScriptPlace | null): FunctionText {
    const script = place === null ? null : this.#script(place.scriptId);
    if (script !== null && place !== null) {
      const at = (script.lineStarts[place.line] ?? 0) + place.column;
      const start = rangeAround(script.parsed.source, text, at);
      if (start !== null) {
        const where = (offset: number) => shownPlace(" at ", script.url, positionOf(script.lineStarts, offset));
        const found = functionText(name, text, script.parsed, start, {
          scriptId: place.scriptId,
          url: script.url,
          where,
        });
        return { ...found, position: positionOf(script.lineStarts, start) };
      }
    }
    const isMethod = !isClassText(text) && isMethodText(text);
    const parsed = this.#parse(isMethod ? `({${text}\n})` : `(${text}\n)`);
    return functionText(name, text, parsed, isMethod ? 2 : 1, NO_SCRIPT);
  }

  #script(scriptId: string): Script | null {
    let script = this.#scripts.get(scriptId);
    if (script === undefined) {
      script = this.#load(scriptId);
      keep(this.#scripts, scriptId, script, KEPT_SCRIPTS);
    }
    return script;
  }

  #load(scriptId: string): Script | null {
    const found = this.#reader?.source(scriptId) ?? null;
    if (found === null || found.source.length > MAX_SCRIPT_LENGTH) return null;
    try {
      return { url: found.url, parsed: this.#parse(found.source), lineStarts: lineStarts(found.source) };
    } catch {
      // Syntax that the parser does not know: the text of the function may do without it.
      return null;
    }
  }
}

function keep<V>(map: Map<string, V>, key: string, value: V, most: number): void {
  if (map.size >= most) {
    for (const first of map.keys()) {
      map.delete(first);
      break;
    }
  }
  map.set(key, value);
}

function lineStarts(source: string): number[] {
  const starts = [0];
  for (let at = source.indexOf("\n"); at >= 0; at = source.indexOf("\n", at + 1)) starts.push(at + 1);
  return starts;
}

function positionOf(starts: readonly number[], offset: number): TextPosition {
  const after = starts.findIndex((start) => start > offset);
  const line = after < 0 ? starts.length : after;
  return { line, column: offset - (starts[line - 1] ?? 0) + 1 };
}

/** The start of the text that has `at` in it. */
function rangeAround(source: string, text: string, at: number): number | null {
  const first = source.lastIndexOf(text, at);
  return first >= 0 && at < first + text.length ? first : null;
}

/** The script that a text stands in. */
interface TextHome extends Pick<FunctionText, "scriptId" | "url"> {
  /** For errors: ` at file:///…:1:2`, or nothing. */
  readonly where: (offset: number) => string;
}

const NO_SCRIPT: TextHome = { scriptId: null, url: "", where: () => "" };

function functionText(
  name: string,
  text: string,
  parsed: ParsedScript,
  start: number,
  { scriptId, url, where }: TextHome,
): FunctionText {
  const end = start + text.length;
  const notes = parsed.notes.filter((note) => note.start >= start && note.end <= end);
  for (const note of notes) checkNote(name, note, [start, end], where);
  const isClass = isClassText(text);
  const heritage = notes.filter(({ kind }) => kind === "heritage");
  const free = new Map<BoundName | string, { name: string; binding: BoundName | null; uses: ScriptReference[] }>();
  for (const reference of parsed.references) {
    if (reference.start < start || reference.end > end) continue;
    const { binding } = reference;
    if (binding !== null && isInside(binding, [start, end])) continue;
    if (binding !== null && binding.name === "arguments" && binding.definition === null) {
      throw noArguments(name, where(reference.start));
    }
    const key = binding ?? reference.name;
    const known = free.get(key) ?? { name: reference.name, binding, uses: [] };
    known.uses.push({ ...reference, start: reference.start - start, end: reference.end - start });
    free.set(key, known);
  }
  return {
    text,
    form: isClass ? "class" : isMethodText(text) ? "method" : "expression",
    free: [...free.values()].map((found) => ({
      ...found,
      isBase: isClass && found.uses.some((use) => heritage.some((note) => isAllOf(use, note, start))),
      isHeritage: isClass && found.uses.some((use) => heritage.some((note) => within(use, note, start))),
    })),
    imports: notes.flatMap(({ kind, start: at, end: to, specifier }) =>
      kind === "import" && specifier !== null ? [{ start: at - start, end: to - start, specifier }] : []
    ),
    url,
    scriptId,
    offset: scriptId === null ? 0 : start,
    position: null,
    repeats: scriptId === null
      ? []
      : parsed.repeats.filter(([from, to]) => from <= start && to >= end && to - from > text.length),
  };
}

function within(use: ScriptReference, note: ScriptNote, shift: number): boolean {
  return use.start + shift >= note.start && use.end + shift <= note.end;
}

function isAllOf(use: ScriptReference, note: ScriptNote, shift: number): boolean {
  return use.start + shift === note.start && use.end + shift === note.end;
}

/** Declared inside the text, or the name of the function or class that the text is. */
function isInside({ blockStart, blockEnd, definition, isWritten }: BoundName, [start, end]: TextRange): boolean {
  if (blockStart >= start && blockEnd <= end) return true;
  return definition !== null && !isWritten && definition[0] === start && definition[1] === end;
}

function checkNote(
  name: string,
  { kind, owner, start: at }: ScriptNote,
  [start, end]: TextRange,
  where: (offset: number) => string,
): void {
  if (kind === "import" || kind === "heritage") return;
  if (owner !== null && owner[0] >= start && owner[1] <= end) return;
  switch (kind) {
    case "this":
      throw cannot(
        name,
        `an arrow function that uses the \`this\` around it${where(at)}, which does not travel`,
        "give it what it needs of it: const { x } = this, and use x, or pass it as an argument",
      );
    case "super":
      throw cannot(
        name,
        `a method that uses super${where(at)}, which is bound to the object it stands in`,
        "call the other method by its name, in a function of its own",
      );
    case "new.target":
      throw cannot(
        name,
        `an arrow function that uses the new.target around it${where(at)}`,
        "pass what it needs as an argument",
      );
    case "import.meta":
      throw cannot(
        name,
        `a function that uses import.meta${where(at)}, which is of the module it stands in`,
        "take what it needs out of it: const here = import.meta.url, and use here",
      );
    case "private":
      throw cannot(
        name,
        `a function that uses a private name such as #x${where(at)}, which is of the class it stands in`,
        "ship the class, or give the function what it needs as arguments",
      );
  }
}

function noArguments(name: string, where: string): SerializationError {
  return cannot(
    name,
    `an arrow function that uses the \`arguments\` of the function around it${where}`,
    "take a copy first, const args = [...arguments], and use args",
  );
}

function cannot(name: string, what: string, instead: string): SerializationError {
  return new SerializationError(`Cannot ship "${name}": it is ${what}; ${instead}.`);
}
