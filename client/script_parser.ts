/**
 * From source text to what closures need to know of it: references and what they are bound to, imports, and the places
 * where a text depends on more than its variables.
 *
 * The only module that knows the parsers; loaded when a client starts, for they take some 30 ms. Runs nothing of the
 * text. Called by `closure_scripts.ts` through `ParseScript`.
 * @module
 */
import { parse } from "../deps/acorn.ts";
import { analyze, type Reference, type Scope, type Variable } from "../deps/eslint_scope.ts";
import type {
  BoundName,
  NoteKind,
  ParsedScript,
  ScriptImport,
  ScriptNote,
  ScriptReference,
  TextRange,
} from "./parsed_script.ts";

/** A node of a syntax tree, as far as we look. */
interface Syntax {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [key: string]: unknown;
}

/** The script's references and notes, by position. Throws `SyntaxError` where it is neither a module nor a script. */
export function parseScript(source: string): ParsedScript {
  const { tree, sourceType } = parsed(source);
  const scopes = analyze(tree as never, {
    ecmaVersion: 2022,
    sourceType,
    childVisitorKeys: null,
    fallback: "iteration",
  });
  const shorthands = new Set<number>();
  const notes: ScriptNote[] = [];
  const repeats: TextRange[] = [];
  visit(tree, { owner: null, home: null }, { notes, shorthands, repeats });
  const bindings = new Map<Variable, BoundName>();
  const references: ScriptReference[] = [];
  for (const scope of scopes.scopes as readonly Scope[]) {
    for (const reference of scope.references as readonly Reference[]) {
      const [start, end] = rangeOf(reference.identifier);
      references.push({
        name: (reference.identifier as { name: string }).name,
        start,
        end,
        isShorthand: shorthands.has(start),
        isWrite: reference.isWrite(),
        binding: reference.resolved === null ? null : bindingOf(bindings, reference.resolved),
      });
    }
  }
  references.sort((a, b) => a.start - b.start);
  return { source, references, notes, repeats };
}

function parsed(source: string): { tree: Syntax; sourceType: "module" | "script" } {
  const options = { ecmaVersion: "latest", ranges: true, allowHashBang: true, allowSuperOutsideMethod: true } as const;
  try {
    return { tree: parse(source, { ...options, sourceType: "module" }) as unknown as Syntax, sourceType: "module" };
  } catch (asModule) {
    try {
      return {
        tree: parse(source, {
          ...options,
          sourceType: "script",
          allowReturnOutsideFunction: true,
        }) as unknown as Syntax,
        sourceType: "script",
      };
    } catch {
      throw asModule;
    }
  }
}

function bindingOf(known: Map<Variable, BoundName>, variable: Variable): BoundName {
  let binding = known.get(variable);
  if (binding === undefined) {
    const [blockStart, blockEnd] = rangeOf(variable.scope.block);
    const [definition] = variable.defs;
    binding = {
      name: variable.name,
      blockStart,
      blockEnd,
      isModule: variable.scope.type === "module" || variable.scope.type === "global",
      definition: definition === undefined ? null : rangeOf(definition.node),
      declaredAt: definition === undefined ? null : rangeOf(definition.name)[0],
      isWritten: variable.references.some((reference: Reference) => reference.isWrite() && reference.init !== true) ||
        variable.defs.length > 1,
      imported: definition?.type === "ImportBinding" ? importOf(definition) : null,
    };
    known.set(variable, binding);
  }
  return binding;
}

function importOf(definition: Variable["defs"][number]): ScriptImport | null {
  const { node, parent } = definition as unknown as {
    node: { type: string; imported?: { name?: string; value?: string } };
    parent: { source: { value: unknown }; attributes?: readonly unknown[] };
  };
  const specifier = String(parent.source.value);
  const attributes = (parent.attributes?.length ?? 0) > 0;
  if (node.type === "ImportNamespaceSpecifier") return { specifier, name: null, attributes };
  if (node.type === "ImportDefaultSpecifier") return { specifier, name: "default", attributes };
  return { specifier, name: node.imported?.name ?? node.imported?.value ?? "default", attributes };
}

function rangeOf(node: unknown): readonly [number, number] {
  const { start, end } = node as Syntax;
  return [start, end];
}

/** Around a node: what gives it `this`, and what gives it `super`. */
interface Around {
  readonly owner: Syntax | null;
  readonly home: Syntax | null;
}

/** What a visit finds. */
interface Found {
  readonly notes: ScriptNote[];
  readonly shorthands: Set<number>;
  readonly repeats: TextRange[];
}

const REPEATS = /Function|^(?:For|While|DoWhile)/;

function visit(node: Syntax, around: Around, found: Found): void {
  const { notes, shorthands } = found;
  if (REPEATS.test(node.type)) found.repeats.push([node.start, node.end]);
  switch (node.type) {
    case "ThisExpression":
      notes.push(note("this", node, around.owner));
      break;
    case "Super":
      notes.push(note("super", node, around.home));
      break;
    case "MetaProperty":
      if ((node["meta"] as { name?: string }).name === "import") notes.push(note("import.meta", node, null));
      else notes.push(note("new.target", node, around.owner));
      break;
    case "ImportExpression":
      notes.push(importNote(node));
      break;
    case "Property":
      if (node["shorthand"] === true) shorthands.add(node.start);
      break;
    case "PrivateIdentifier":
      notes.push(note("private", node, around.home));
      break;
    case "ClassDeclaration":
    case "ClassExpression":
      if (node["superClass"] !== null) notes.push(note("heritage", node["superClass"] as Syntax, null));
      break;
  }
  for (const [key, child] of Object.entries(node)) {
    const list = Array.isArray(child) ? child : [child];
    for (const item of list) {
      if (isSyntax(item)) visit(item, within(node, key, around), found);
    }
  }
}

/** What stands around the child of `node` under `key`. */
function within(node: Syntax, key: string, around: Around): Around {
  switch (node.type) {
    case "FunctionDeclaration":
    case "FunctionExpression":
      return { ...around, owner: node };
    case "StaticBlock":
      return { ...around, owner: node };
    case "PropertyDefinition":
      return key === "value" ? { ...around, owner: node } : around;
    case "ClassBody":
    case "ObjectExpression":
      return { ...around, home: node };
    default:
      return around;
  }
}

function note(kind: NoteKind, { start, end }: Syntax, owner: Syntax | null): ScriptNote {
  return { kind, start, end, owner: owner === null ? null : [owner.start, owner.end], specifier: null };
}

function importNote(node: Syntax): ScriptNote {
  const source = node["source"] as Syntax;
  const { value } = source as { value?: unknown };
  const specifier = source.type === "Literal" && typeof value === "string" ? value : null;
  return { ...note("import", node, null), specifier: node["options"] ? null : specifier };
}

function isSyntax(value: unknown): value is Syntax {
  return typeof value === "object" && value !== null && typeof (value as { type?: unknown }).type === "string" &&
    typeof (value as { start?: unknown }).start === "number";
}
