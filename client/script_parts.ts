/**
 * Takes a program text apart, so that what it declares at its top level becomes global on an engine, its last expression
 * is its value, and `await` and `import` work.
 *
 * Pure; the parser is handed in, since it is loaded at first use. Positions hold but for the rest of a line that is
 * changed. Called by `program_text.ts` for `execute` and `run`.
 * @module
 */
import type { parse } from "../deps/acorn.ts";
import type { ScriptParts } from "../protocol/namespace.ts";
import { contentHash } from "../wire/content_hash.ts";
import { checkGlobalName } from "./global_names.ts";

/** What is needed of the parser. */
export type Parse = typeof parse;

/** Gives the specifier under which an engine finds what is imported. Throws `TypeError` where there is none. */
export type Resolve = (specifier: string) => string;

/** A node of the tree, as the parser gives it. */
type Node = { readonly type: string; readonly start: number; readonly end: number } & Readonly<Record<string, unknown>>;
type Edit = readonly [start: number, end: number, text: string];

/** Throws `SyntaxError` with line and column, `TypeError` for names that are taken. */
export function scriptParts(text: string, name: string, parse: Parse, resolve: Resolve): ScriptParts {
  const program = parseText(text, name, parse);
  const script = new Script(text, resolve);
  script.takeApart(program);
  for (const declared of script.names) checkGlobalName(declared);
  const hash = contentHash(new TextEncoder().encode(text));
  return { name, hash, names: [...script.names], declarations: script.declarations(), body: script.body() };
}

/** The specifiers of a text's static imports. */
export function importedSpecifiers(text: string, name: string, parse: Parse): readonly string[] {
  return list(parseText(text, name, parse), "body").flatMap((node) => {
    const source = node["source"] as Node | null | undefined;
    return /^(Import|Export)/.test(node.type) && source ? [String(source["value"])] : [];
  });
}

function parseText(text: string, name: string, parse: Parse): Node {
  try {
    return parse(text, {
      ecmaVersion: "latest",
      sourceType: "script",
      allowAwaitOutsideFunction: true,
      allowImportExportEverywhere: true,
      allowHashBang: true,
    }) as unknown as Node;
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    const { loc } = cause as { loc?: { line: number; column: number } };
    const message = cause.message.replace(/ \(\d+:\d+\)$/, "");
    const line = loc === undefined ? "" : text.split("\n")[loc.line - 1]?.trim() ?? "";
    const place = loc === undefined ? "" : ` at line ${loc.line}, column ${loc.column + 1}: ${line}`;
    throw new SyntaxError(`Cannot run "${name}": ${message}${place}`, { cause });
  }
}

/** One text being taken apart. */
class Script {
  readonly names = new Set<string>();
  readonly #text: string;
  readonly #resolve: Resolve;
  readonly #edits: Edit[] = [];
  /** Functions of the top level: they are there before anything runs. */
  readonly #functions: Node[] = [];

  constructor(text: string, resolve: Resolve) {
    this.#text = text;
    this.#resolve = resolve;
  }

  takeApart(program: Node): void {
    const statements = list(program, "body");
    for (const statement of statements) this.#topLevel(statement);
    const last = statements.at(-1);
    if (last?.type !== "ExpressionStatement" || last["directive"] !== undefined) return;
    const expression = child(last, "expression");
    this.#edits.push([last.start, last.start, "return ("], [expression.end, expression.end, ")"]);
  }

  /** The functions where they stand, and behind everything the names. */
  declarations(): string {
    let text = "";
    let at = 0;
    for (const { start, end } of this.#functions) {
      text += blank(this.#text.slice(at, start)) + this.#text.slice(start, end);
      at = end;
    }
    const names = [...this.names];
    return text + blank(this.#text.slice(at)) + (names.length === 0 ? "" : `\nvar ${names};`);
  }

  body(): string {
    const blanks = this.#functions.map(({ start, end }): Edit => [start, end, blank(this.#text.slice(start, end))]);
    const edits = [...this.#edits, ...blanks].sort((a, b) => a[0] - b[0] || a[1] - b[1]);
    let text = "";
    let at = 0;
    for (const [start, end, replacement] of edits) {
      text += this.#text.slice(at, start) + replacement;
      at = end;
    }
    text += this.#text.slice(at);
    return text.startsWith("#!") ? `//${text.slice(2)}` : text;
  }

  #topLevel(node: Node): void {
    switch (node.type) {
      case "FunctionDeclaration":
        this.#define(child(node, "id"));
        this.#functions.push(node);
        return;
      case "ClassDeclaration": {
        const id = child(node, "id");
        this.#define(id);
        this.#edits.push([node.start, node.start, `;${id["name"]}=`], [node.end, node.end, ";"]);
        return;
      }
      case "VariableDeclaration":
        if (node["kind"] === "using" || node["kind"] === "await using") return;
        return this.#variables(node, ";(", true);
      case "ImportDeclaration":
        return this.#import(node);
      case "ExportNamedDeclaration":
      case "ExportDefaultDeclaration":
      case "ExportAllDeclaration":
        return this.#export(node);
      default:
        this.#statement(node, true);
    }
  }

  /** `var` inside of statements belongs to the top level too. */
  #statement(node: Node, inList: boolean): void {
    if (node.type === "VariableDeclaration") {
      if (node["kind"] === "var") this.#variables(node, inList ? ";(" : "(", false);
      return;
    }
    if (!node.type.endsWith("Statement") && node.type !== "SwitchCase" && node.type !== "CatchClause") return;
    for (const [key, value] of Object.entries(node)) {
      const isHead = node.type.startsWith("For") && (key === "init" || key === "left");
      for (const part of Array.isArray(value) ? value : [value]) {
        if (!isNode(part)) continue;
        if (isHead && part.type === "VariableDeclaration") this.#forHead(part);
        else this.#statement(part, Array.isArray(value));
      }
    }
  }

  #forHead(node: Node): void {
    if (node["kind"] !== "var") return;
    for (const declarator of list(node, "declarations")) this.#define(child(declarator, "id"));
    this.#edits.push([node.start, node.start + "var".length, "   "]);
  }

  /** `const {a} = b` → `;(   {a} = b);` */
  #variables(node: Node, opening: string, isTopLevel: boolean): void {
    const { length } = String(node["kind"]);
    this.#edits.push([node.start, node.start + length, opening.padEnd(length)]);
    let end = node.start;
    for (const declarator of list(node, "declarations")) {
      const id = child(declarator, "id");
      this.#define(id);
      end = declarator.end;
      if (isTopLevel && node["kind"] === "let" && !declarator["init"]) this.#edits.push([id.end, id.end, "=void 0"]);
    }
    this.#edits.push([end, end, ")"]);
    if (this.#text[node.end - 1] !== ";") this.#edits.push([node.end, node.end, ";"]);
  }

  #import(node: Node): void {
    const specifier = this.#resolve(String(child(node, "source")["value"]));
    const parts: string[] = [];
    let whole = "";
    for (const part of list(node, "specifiers")) {
      const local = child(part, "local");
      this.#define(local);
      const name = String(local["name"]);
      if (part.type === "ImportNamespaceSpecifier") whole = `${name}=`;
      else parts.push(`${part.type === "ImportDefaultSpecifier" ? '"default"' : importedName(part)}:${name}`);
    }
    const attributes = list(node, "attributes").map((part) => this.#text.slice(part.start, part.end));
    const options = attributes.length === 0 ? "" : `,{with:{${attributes}}}`;
    const load = `${whole}await import(${JSON.stringify(specifier)}${options})`;
    const lines = "\n".repeat(this.#text.slice(node.start, node.end).split("\n").length - 1);
    const text = parts.length === 0 ? `;(${load});` : `;({${parts}}=${load});`;
    this.#edits.push([node.start, node.end, text + lines]);
  }

  /** What is exported is declared; nobody imports it from here. */
  #export(node: Node): void {
    const declaration = node["declaration"];
    if (!isNode(declaration)) {
      this.#edits.push([node.start, node.end, blank(this.#text.slice(node.start, node.end))]);
      return;
    }
    this.#edits.push([node.start, declaration.start, blank(this.#text.slice(node.start, declaration.start))]);
    if (isNode(declaration["id"]) || declaration.type === "VariableDeclaration") this.#topLevel(declaration);
    else this.#edits.push([declaration.start, declaration.start, ";("], [declaration.end, declaration.end, ");"]);
  }

  #define(pattern: Node): void {
    switch (pattern.type) {
      case "Identifier":
        this.names.add(String(pattern["name"]));
        return;
      case "ObjectPattern":
        for (const part of list(pattern, "properties")) {
          this.#define(part.type === "RestElement" ? part : child(part, "value"));
        }
        return;
      case "ArrayPattern":
        for (const part of list(pattern, "elements")) this.#define(part);
        return;
      case "AssignmentPattern":
        return this.#define(child(pattern, "left"));
      case "RestElement":
        return this.#define(child(pattern, "argument"));
    }
  }
}

/** The same length and lines. */
function blank(text: string): string {
  return text.replace(/[^\n\r\u2028\u2029]/g, " ");
}

function importedName(specifier: Node): string {
  const imported = child(specifier, "imported");
  return JSON.stringify(imported["name"] ?? imported["value"]);
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && typeof (value as { type?: unknown }).type === "string";
}

function child(node: Node, key: string): Node {
  const value = node[key];
  if (!isNode(value)) throw new TypeError(`Cannot read the program: a ${node.type} has no ${key}.`);
  return value;
}

function list(node: Node, key: string): readonly Node[] {
  const value = node[key];
  return Array.isArray(value) ? value.filter(isNode) : [];
}
