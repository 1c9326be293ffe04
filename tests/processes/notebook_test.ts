/** The notebook among the examples runs in Deno's real kernel, and shows what it is there to show. @module */
import assert from "node:assert/strict";
import { JupyterKernel, type KernelMessage } from "./jupyter_kernel.ts";

const EXAMPLES = new URL("../../examples/", import.meta.url);

/** The code of its cells, in order. */
async function cells(): Promise<string[]> {
  const notebook = JSON.parse(await Deno.readTextFile(new URL("notebook.ipynb", EXAMPLES)));
  for (const cell of notebook.cells) assert.deepEqual(cell.outputs ?? [], [], "outputs are stripped");
  // deno-lint-ignore no-explicit-any -- as the format says
  return notebook.cells.filter((cell: any) => cell.cell_type === "code").map((cell: any) => cell.source.join(""));
}

function html(shown: readonly KernelMessage[], ...types: string[]): string[] {
  return shown.filter(({ type }) => types.includes(type)).map(({ content }) => content.data?.["text/html"] ?? "");
}

Deno.test("the notebook shows clients, a live bar, results and folded errors", async () => {
  await using kernel = await JupyterKernel.start(EXAMPLES.pathname);
  const [start = "", map = "", wait = "", errors = "", view = "", end = ""] = await cells();
  const run = async (code: string, gives = true) => {
    const shown = await kernel.execute(code, gives);
    assert.deepEqual(shown.filter(({ type }) => type === "error"), []);
    return shown;
  };
  assert.match(html(await run(start), "execute_result").join(), /<td>4<\/td><td>0, 1, 2, 3<\/td>/);
  const [bar = ""] = html(await run(map), "display_data");
  assert.match(bar, /<progress max="1" value="0".*0\/8 tasks/s);
  const waited = await run(wait);
  assert.match(JSON.stringify(waited.find(({ type }) => type === "execute_result")?.content), /64/);
  // The bar goes on when the cell is over.
  const isWhole = (message: KernelMessage) => html([message], "update_display_data").join().includes("8/8 tasks");
  const drawn = [...waited, ...waited.some(isWhole) ? [] : await kernel.shownUntil(isWhole)];
  assert.ok(html(drawn, "update_display_data").length >= 2, "it was drawn on its way, and at the end");
  const [table = ""] = html(await run(errors), "execute_result");
  assert.match(table, /3\/3 tasks · 1 failed/);
  assert.match(table, /<details><summary>RemoteError: Task &quot;.*SyntaxError.*<\/summary><pre>/);
  assert.match(html(await run(view), "execute_result").join(), /DirectView<\/td><td>all/);
  await run(end, false);
});
