/**
 * The text of functions that travel together: an expression that gives the first of them, with its variables around it.
 *
 * The user's function comes first and begins on the first line, so that lines in its stacks are those of its own text; each
 * other one begins a line. Values are not in it: they come with each task (`CELLS`), and what is behind `LINK`
 * (`wire/function_link.ts`) puts both together. Called by `function_shipping.ts`.
 * @module
 */
import { CELLS, LINK, MODULE_SCHEME, MODULES_KEY } from "../protocol/shipped_names.ts";
import type { ClosureGraph } from "./closure_graph.ts";
import { type GraphCell, type GraphNode, nameOf } from "./closure_nodes.ts";
import { guard } from "./guard.ts";

const RESERVED = [CELLS, LINK, "UnmetDependency", "globalThis", "import", "arguments", "eval", "undefined"];

/** The text, and what travels of the variables, in its order. */
export interface ProgramText {
  readonly text: string;
  readonly cells: readonly GraphCell[];
}

/** `wanted`: how many of the first functions the text gives, as an array; 0: the first alone. */
export function programText(graph: ClosureGraph, wanted = 0): ProgramText {
  const names = cellNames(graph);
  const values = graph.cells.filter(({ content }) => content.kind === "value");
  const functions = graph.nodes.map((node) => functionText(node, names, graph));
  const { imports, text: modules } = modulesText(graph.cells, names);
  const late = lateNodes(graph);
  const parts = [
    `f:[${functionTexts(graph, functions)}]`,
    // Their text is long, and not the user's: behind the others, whose positions people read.
    `guards:[${functions.flatMap((text, index) => graph.nodes[index]?.text === null ? [`[${index},${text}]`] : [])}]`,
    `late:${JSON.stringify(late)}`,
    `names:${JSON.stringify(givenNames(graph))}`,
    `imports:${JSON.stringify(imports)}`,
    `properties:${JSON.stringify(propertiesOf(graph, values))}`,
    `functions(f){${functionCells(graph, names)}}`,
    `modules(m,own){${modules}}`,
    `values(v){${values.map((cell, index) => `${names.get(cell)}=v[${index}];`).join("")}}`,
  ];
  const variables = [...names.values()].join(",");
  const text = `${LINK}(${CELLS},(${variables})=>({${parts}})${wanted === 0 ? "" : `,${wanted}`})`;
  return { text, cells: values };
}

/** The first one is the user's function: lines in its stacks are those of its text. */
function functionTexts({ nodes }: ClosureGraph, functions: readonly string[]): string[] {
  const first = nodes.findIndex(({ text }) => text !== null);
  return functions.map((text, index) =>
    nodes[index]?.text === null ? "0" : `(${index === first ? "" : "\n"}${text}\n)`
  );
}

/** Each cell has a name of its own; its functions' own name for it wherever that can be. */
function cellNames({ nodes, cells }: ClosureGraph): Map<GraphCell, string> {
  const taken = new Set(RESERVED);
  for (const { text, names } of nodes) {
    for (const free of text?.free ?? []) if (!names.has(free)) taken.add(free.name);
  }
  const names = new Map<GraphCell, string>();
  for (const cell of cells) {
    const base = cell.name === "" ? "troupe$" : cell.name;
    let name = base;
    for (let count = 2; taken.has(name) || (name !== base && isUsed(nodes, name)); count++) name = `${base}$${count}`;
    taken.add(name);
    names.set(cell, name);
  }
  return names;
}

function isUsed(nodes: readonly GraphNode[], name: string): boolean {
  return nodes.some(({ text }) => text?.text.includes(name) === true);
}

function functionText(node: GraphNode, names: ReadonlyMap<GraphCell, string>, graph: ClosureGraph): string {
  const { text } = node;
  if (text === null) return guardText(node, names);
  const changed = rewritten(node, names);
  switch (text.form) {
    case "expression":
      return changed;
    case "method":
      return `Object.values({${changed}\n})[0]`;
    case "class": {
      const holders = cellsOf(graph, graph.nodes.indexOf(node)).map((cell) => `${names.get(cell)}=`).join("");
      return `()=>(${holders}(\n${changed}\n))`;
    }
  }
}

/** The text with other names for variables whose own is another variable's, and with imports that lead from anywhere. */
function rewritten({ text, names: cells, imports }: GraphNode, names: ReadonlyMap<GraphCell, string>): string {
  if (text === null) return "";
  const edits: { start: number; end: number; text: string }[] = [];
  for (const [free, cell] of cells) {
    const name = names.get(cell) ?? free.name;
    if (name === free.name) continue;
    for (const { start, end, isShorthand } of free.uses) {
      edits.push({ start, end, text: isShorthand ? `${free.name}:${name}` : name });
    }
  }
  text.imports.forEach(({ start, end, specifier }, index) => {
    const resolved = imports[index] ?? specifier;
    if (resolved !== specifier) edits.push({ start, end, text: importText(resolved) });
  });
  edits.sort((a, b) => b.start - a.start);
  return edits.reduce((changed, edit) => changed.slice(0, edit.start) + edit.text + changed.slice(edit.end), text.text);
}

function importText(specifier: string): string {
  return specifier.startsWith(MODULE_SCHEME)
    ? `globalThis[Symbol.for("${MODULES_KEY}")].load(${JSON.stringify(specifier.slice(MODULE_SCHEME.length))})`
    : `import(${JSON.stringify(specifier)})`;
}

/** Its frames are named so that `guard` takes them out of stacks. */
function guardText({ f, guard: parts }: GraphNode, names: ReadonlyMap<GraphCell, string>): string {
  if (parts === null) return "";
  const of = (cell: GraphCell) => names.get(cell) ?? "";
  const given = parts.slots.map((_, index) => `a${index}`);
  const set = parts.slots.map((cell, index) => `${of(cell)}=a${index},`).join("");
  const stages = parts.stages.map((stage) =>
    stage.kind === "check"
      ? `["check",${of(stage.check)},${of(stage.args)},${JSON.stringify(stage.name)}]`
      : `["import",${JSON.stringify(stage.specifier)},${stage.slot}]`
  );
  const name = JSON.stringify(nameOf(f));
  return `function troupeGuardCall(...args){return (${guard.toString()})(${name},(${given})=>(${set}${
    of(parts.inner)
  }),` +
    `[${stages}],UnmetDependency).apply(this,args)}`;
}

function modulesText(cells: readonly GraphCell[], names: ReadonlyMap<GraphCell, string>) {
  const imports: string[] = [];
  let text = "";
  for (const cell of cells) {
    const { content } = cell;
    if (content.kind === "own") text += `${names.get(cell)}=own(${JSON.stringify(content.name)});`;
    if (content.kind !== "module") continue;
    let index = imports.indexOf(content.specifier);
    if (index < 0) index = imports.push(content.specifier) - 1;
    const member = content.export === null ? "" : `[${JSON.stringify(content.export)}]`;
    text += `${names.get(cell)}=m[${index}]${member};`;
  }
  return { imports, text };
}

function cellsOf({ cells }: ClosureGraph, index: number): GraphCell[] {
  return cells.filter(({ content }) => content.kind === "function" && content.index === index);
}

/** Classes set theirs when they are made. */
function functionCells({ cells, nodes }: ClosureGraph, names: ReadonlyMap<GraphCell, string>): string {
  return cells.map((cell) =>
    cell.content.kind === "function" && nodes[cell.content.index]?.text?.form !== "class"
      ? `${names.get(cell)}=f[${cell.content.index}];`
      : ""
  ).join("");
}

/** In the order in which they stand in their scripts, as they were made there; what a class extends comes before it. */
function lateNodes({ nodes }: ClosureGraph): (readonly [number, readonly number[]])[] {
  const late = nodes.flatMap((node, index) => node.text?.form === "class" ? [{ node, index }] : []);
  late.sort((a, b) => (a.node.text?.offset ?? 0) - (b.node.text?.offset ?? 0));
  return late.map(({ node, index }) => {
    const needs = [...node.names].flatMap(([free, { content }]) =>
      free.isHeritage && content.kind === "function" && late.some((other) => other.index === content.index)
        ? [content.index]
        : []
    );
    return [index, needs] as const;
  });
}

function givenNames({ nodes }: ClosureGraph): (readonly [number, string])[] {
  return nodes.flatMap(({ f, text, isStandIn }, index) =>
    text !== null && !isStandIn && typeof f.name === "string" && f.name !== "" ? [[index, f.name] as const] : []
  );
}

function propertiesOf({ nodes }: ClosureGraph, values: readonly GraphCell[]): (readonly [number, number])[] {
  return nodes.flatMap(({ properties }, index) =>
    properties === null ? [] : [[index, values.indexOf(properties)] as const]
  );
}
