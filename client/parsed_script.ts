/**
 * What is known of a script, or of the text of one function, once it is parsed: in positions of its text.
 *
 * Shapes only, so that whoever reads them need not load the parsers. Made by `script_parser.ts`.
 * @module
 */

/** Start and end in a text. */
export type TextRange = readonly [start: number, end: number];

/** What an imported name stands for. */
export interface ScriptImport {
  /** As written. */
  readonly specifier: string;
  /** Of the export; `null`: the whole namespace. */
  readonly name: string | null;
  /** It is imported with attributes, such as `type: "json"`. */
  readonly attributes: boolean;
}

/** A variable as it is declared. */
export interface BoundName {
  readonly name: string;
  /** The scope it belongs to. */
  readonly blockStart: number;
  readonly blockEnd: number;
  /** It belongs to the whole module, of which there is one. */
  readonly isModule: boolean;
  /** The text that declares it; `null`: nothing does, as with `arguments`. */
  readonly definition: TextRange | null;
  /** Where its name stands there; `null`: nowhere. */
  readonly declaredAt: number | null;
  /** Something assigns to it after its declaration. */
  readonly isWritten: boolean;
  readonly imported: ScriptImport | null;
}

/** One use of a name. */
export interface ScriptReference {
  readonly name: string;
  readonly start: number;
  readonly end: number;
  /** `{ name }`, which is short for `{ name: name }`. */
  readonly isShorthand: boolean;
  readonly isWrite: boolean;
  /** `null`: no variable of the script. */
  readonly binding: BoundName | null;
}

/** What a text may depend on besides variables. `heritage`: what a class extends. */
export type NoteKind = "this" | "super" | "new.target" | "import.meta" | "private" | "import" | "heritage";

/** One place of that kind. */
export interface ScriptNote {
  readonly kind: NoteKind;
  readonly start: number;
  readonly end: number;
  /** What gives it its meaning: a text that holds all of it is complete. `null`: nothing can. */
  readonly owner: TextRange | null;
  /** Of a dynamic import that names it literally. */
  readonly specifier: string | null;
}

/** A parsed text; references by position. */
export interface ParsedScript {
  readonly source: string;
  readonly references: readonly ScriptReference[];
  readonly notes: readonly ScriptNote[];
  /** Functions and loops: what is in one of them may be there many times. */
  readonly repeats: readonly TextRange[];
}

/** Throws `SyntaxError`. */
export type ParseScript = (source: string) => ParsedScript;
