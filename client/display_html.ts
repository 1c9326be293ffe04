/**
 * The HTML that notebooks show: tables, a bar, errors to unfold. Everything that comes from outside is escaped.
 *
 * Pure. Used by `notebook_display.ts`.
 * @module
 */
import { type BarState, plainLine } from "./progress_bar.ts";

/** HTML, as opposed to text that is to be escaped. */
export class Html {
  readonly #html: string;

  /** For this folder: `html` is shown as it is. */
  constructor(html: string) {
    this.#html = html;
  }

  /** The HTML itself. */
  toString(): string {
    return this.#html;
  }
}

/** What may stand in a cell: text, which is escaped, or HTML. */
export type Cell = string | number | Html;

const ESCAPED: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Text as HTML. */
function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ESCAPED[character] ?? "");
}

/** A table; `more` is said below it. */
export function tableHtml(heads: readonly string[], rows: readonly (readonly Cell[])[], more = ""): Html {
  const head = heads.map((text) => `<th>${escapeHtml(text)}</th>`).join("");
  const body = rows.map((row) => `<tr>${row.map((cell) => `<td>${cellHtml(cell)}</td>`).join("")}</tr>`).join("");
  const below = more === "" ? "" : `<div>${escapeHtml(more)}</div>`;
  return new Html(`<table><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table>${below}`);
}

/** A bar with its line of text. */
export function barHtml(state: BarState): Html {
  const value = Math.round(state.fraction * 1_000) / 1_000;
  return new Html(
    `<div><progress max="1" value="${value}" style="width: 20em"></progress> ${escapeHtml(plainLine(state))}</div>`,
  );
}

/** One line, with the rest to unfold. */
export function foldedHtml(summary: string, rest: string): Html {
  return new Html(`<details><summary>${escapeHtml(summary)}</summary><pre>${escapeHtml(rest)}</pre></details>`);
}

function cellHtml(cell: Cell): string {
  return cell instanceof Html ? String(cell) : escapeHtml(String(cell));
}
