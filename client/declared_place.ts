/**
 * Where something stands in the user's files, for errors about functions that can't be shipped.
 *
 * Says nothing where that is not known. Called when an error is made, and only then: it asks Deno for the source map.
 * @module
 */
import type { ClosureScripts, FreeName, FunctionText } from "./closure_scripts.ts";
import { placeInSource } from "./source_positions.ts";

/** ` (declared at file:///…/main.ts:3:7)`, or nothing. */
export function declaredAt(scripts: ClosureScripts, text: FunctionText | null, free: FreeName): string {
  const offset = free.binding?.declaredAt ?? null;
  if (offset === null || text === null || text.scriptId === null) return "";
  const shown = shownPlace(" (declared at ", text.url, scripts.positionIn(text.scriptId, offset));
  return shown === "" ? "" : `${shown})`;
}

/** A place in a script as it runs, as one in the file that it was made from. */
export function shownPlace(
  lead: string,
  url: string,
  position: { readonly line: number; readonly column: number } | null,
): string {
  if (position === null || url === "") return "";
  const place = placeInSource(url, position.line, position.column);
  const { line, column } = place ?? position;
  return `${lead}${place?.url ?? url}:${line}:${column}`;
}
