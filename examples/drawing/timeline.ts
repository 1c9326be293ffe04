/**
 * Draws what ran when and where as an SVG: a row for each task, time as the axis, a colour for each engine, and an arrow
 * for each dependency. Knows nothing of clusters. Used by `07_dag.ts`.
 * @module
 */

/** One task that ran. Times in ms. */
export interface Bar {
  readonly name: string;
  readonly start: number;
  readonly end: number;
  readonly engine: number;
  /** The names of those it waited for. */
  readonly after: readonly string[];
}

const COLOURS = ["#4e79a7", "#f28e2b", "#59a14f", "#e15759", "#b07aa1", "#edc948", "#76b7b2", "#9c755f"];
const WIDTH = 1_000;
const [LEFT, RIGHT, TOP] = [56, 24, 64];
const ROW = 18;

/** The picture. Times count from the first start. */
export function timeline(title: string, bars: readonly Bar[]): string {
  const rows = bars.toSorted((a, b) => a.start - b.start);
  const begin = rows[0]?.start ?? 0;
  const span = Math.max(1, ...rows.map(({ end }) => end - begin));
  const bottom = TOP + rows.length * ROW + 6;
  const x = (at: number) => Math.round(LEFT + (at - begin) / span * (WIDTH - LEFT - RIGHT));
  const y = (row: number) => TOP + row * ROW + ROW / 2;
  const rowOf = new Map(rows.map(({ name }, row) => [name, row]));
  const arrows = rows.flatMap((child, row) =>
    child.after.flatMap((name) => {
      const from = rowOf.get(name);
      const parent = from === undefined ? undefined : rows[from];
      return from === undefined || parent === undefined ? [] : [arrow(x(parent.end), y(from), x(child.start), y(row))];
    })
  );
  const engines = [...new Set(rows.map(({ engine }) => engine))].sort((a, b) => a - b);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${
      bottom + 46
    }" font-family="sans-serif" font-size="12">`,
    `<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">`,
    `<path d="M0 0 8 4 0 8z" fill="#333"/></marker></defs>`,
    `<rect width="100%" height="100%" fill="#fff"/>`,
    text(LEFT, 24, title, `font-size="16"`),
    ...engines.flatMap((engine, i) => legend(LEFT + i * 90, engine)),
    ...ticks(span).flatMap((ms) => tick(x(begin + ms), bottom, ms)),
    text((LEFT + WIDTH - RIGHT) / 2, bottom + 38, "time since the first start, ms", `text-anchor="middle"`),
    ...rows.flatMap(({ name, start, end, engine }, row) => [
      text(LEFT - 8, y(row) + 4, name, `text-anchor="end"`),
      `<rect x="${x(start)}" y="${y(row) - 6}" width="${Math.max(1, x(end) - x(start))}" height="12" rx="2" ` +
      `fill="${colour(engine)}"/>`,
    ]),
    ...arrows,
    "</svg>\n",
  ].join("\n");
}

function colour(engine: number): string {
  return COLOURS[engine % COLOURS.length] ?? "#000";
}

function text(x: number, y: number, content: string, attributes = ""): string {
  const escaped = content.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  return `<text x="${x}" y="${y}" ${attributes}>${escaped}</text>`;
}

function legend(x: number, engine: number): string[] {
  return [
    `<rect x="${x}" y="36" width="12" height="12" rx="2" fill="${colour(engine)}"/>`,
    text(x + 18, 46, `engine ${engine}`),
  ];
}

/** Round times, not too many of them. */
function ticks(span: number): number[] {
  const step = [10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000].find((ms) => span / ms <= 12) ?? span / 12;
  return Array.from({ length: Math.floor(span / step) + 1 }, (_, i) => i * step);
}

function tick(x: number, bottom: number, ms: number): string[] {
  return [
    `<path d="M${x} ${TOP}V${bottom}" stroke="#e2e2e2"/>`,
    text(x, bottom + 18, String(ms), `text-anchor="middle"`),
  ];
}

/** From the end of one bar to the start of another, which is never above it nor left of it; it arrives from above. */
function arrow(fromX: number, fromY: number, toX: number, toY: number): string {
  const [across, down] = [Math.max(3, (toX - fromX) / 2), Math.min(48, (toY - fromY) / 2)];
  const curve = `M${fromX} ${fromY}C${fromX + across} ${fromY} ${toX + 2} ${toY - down} ${toX + 2} ${toY - 6}`;
  return `<path d="${curve}" fill="none" stroke="#333" stroke-opacity="0.5" marker-end="url(#tip)"/>`;
}
