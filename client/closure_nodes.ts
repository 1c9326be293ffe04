/**
 * What a graph of functions that travel together is made of: functions, the variables between them, their conditions.
 *
 * Data only. Found by `closure_graph.ts`, written down by `closure_code.ts`.
 * @module
 */
import type { FreeName, FunctionText } from "./closure_scripts.ts";
import type { AnyFunction } from "./source_text.ts";

/** What a variable holds. */
export type CellContent =
  | { readonly kind: "function"; readonly index: number }
  | { readonly kind: "module"; readonly specifier: string; readonly export: string | null }
  | { readonly kind: "own"; readonly name: string }
  | { readonly kind: "value"; readonly value: unknown }
  /** Set by the guard of a function, when it has imported what is required. */
  | { readonly kind: "guard" };

/** One variable. */
export interface GraphCell {
  /** As its functions call it; `""`: none of them does. */
  readonly name: string;
  readonly content: CellContent;
  /** What errors call it. */
  readonly label: string;
  /** The function that it was found with, for errors. */
  readonly user: string;
  /** Where it is declared, for errors: to be looked up, and may be nothing. */
  readonly place: () => string;
}

/** A function that stands behind conditions. */
export interface GraphGuard {
  readonly inner: GraphCell;
  /** Names set when the conditions are met, in the order in which `guard` gives them. */
  readonly slots: readonly GraphCell[];
  readonly stages: readonly GraphStage[];
}

export type GraphStage =
  | { readonly kind: "check"; readonly check: GraphCell; readonly args: GraphCell; readonly name: string }
  | { readonly kind: "import"; readonly specifier: string; readonly slot: number };

/** One function. */
export interface GraphNode {
  readonly f: AnyFunction;
  /** `null`: it is a guard. */
  readonly text: FunctionText | null;
  /** Its text is not its own, but what is shipped for it. */
  readonly isStandIn: boolean;
  readonly names: Map<FreeName, GraphCell>;
  /** Where its dynamic imports lead, in their order. */
  readonly imports: string[];
  guard: GraphGuard | null;
  properties: GraphCell | null;
}

/** For errors. */
export function nameOf(f: AnyFunction): string {
  return f.name === "" ? "<anonymous>" : f.name;
}
