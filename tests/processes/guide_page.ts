/**
 * One page of the guide, taken apart: its program, the files beside it, its commands, and what it says they print.
 *
 * All `ts` blocks of a page are one program, except those that begin with a file name (`// tasks.ts`): these are modules
 * of their own. A `diff` block makes one of these from another (`// before.ts → after.ts`). Each line of a `sh` block is a
 * command. Other blocks are not run. For the test beside it.
 * @module
 */

/** Begins a block that is a module of its own. */
const FILE_NAME = /^\/\/ (\w+\.ts)\n/;
/** Begins a block that says how one module becomes another. */
const FILE_NAMES = /^\/\/ (\w+\.ts) → (\w+\.ts)\n/;
const RUN = "deno run -A ";

/** What a page says, and what it has to run. */
export interface GuidePage {
  readonly url: URL;
  readonly text: string;
  /** Empty where the page has none. */
  readonly program: string;
  /** By their names. */
  readonly files: ReadonlyMap<string, string>;
  /** What stands behind `deno run -A`, word by word. */
  readonly commands: readonly (readonly string[])[];
  /** Links to other files, without what stands behind `#`. */
  readonly links: readonly string[];
}

export async function readGuidePage(url: URL): Promise<GuidePage> {
  const text = await Deno.readTextFile(url);
  let program = "";
  const files = new Map<string, string>();
  for (const block of blocksOf(text, "ts")) {
    const name = FILE_NAME.exec(block)?.[1];
    if (name === undefined) program += block;
    else files.set(name, block);
  }
  for (const block of blocksOf(text, "diff")) {
    const [header = "", from = "", to = ""] = FILE_NAMES.exec(block) ?? [];
    files.set(to, applyDiff(files.get(from) ?? "", block.slice(header.length)));
  }
  const lines = blocksOf(text, "sh").flatMap((block) => block.trimEnd().split("\n"));
  const commands = lines.map((line) => line.replace(/ +#.*$/, "")).map((line) => {
    if (!line.startsWith(RUN)) throw new Error(`Cannot run "${line}": a command begins with "${RUN}".`);
    return line.slice(RUN.length).split(/ +/);
  });
  const links = [...text.matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, link = ""]) => link);
  return { url, text, program, files, commands, links };
}

function blocksOf(text: string, language: string): string[] {
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, "gms"))].map(([, block = ""]) => block);
}

/** Hunks are separated by empty lines. Throws where the lines of one are not in the module, or more than once. */
function applyDiff(source: string, diff: string): string {
  let result = source;
  for (const hunk of diff.split(/^ ?\n/m)) {
    const lines = hunk.trimEnd().split("\n");
    const side = (other: string) =>
      lines.filter((line) => !line.startsWith(other)).map((line) => `${line.slice(1)}\n`).join("");
    const before = side("+");
    if (result.split(before).length !== 2) {
      throw new Error(`Cannot apply a diff: these lines are not there once:\n${before}`);
    }
    result = result.replace(before, () => side("-"));
  }
  return result;
}

/** What each `console.log` is to print: the comment behind it, or the comments in the lines below. `…` is any text. */
export function expectedLines(program: string): string[] {
  const expected: string[] = [];
  let below = false;
  for (const line of program.split("\n")) {
    const comment = /^\/\/ (.*)$/.exec(line)?.[1];
    const printing = /\bconsole\.log\(.*\);(?: \/\/ (.*))?$/.exec(line);
    if (below && comment !== undefined) expected.push(comment);
    else if (printing?.[1] !== undefined) expected.push(printing[1]);
    below = printing === null ? below && (comment !== undefined || /^}\)?;?$/.test(line)) : printing[1] === undefined;
  }
  return expected;
}

/** A pattern for a line as the guide says it. */
export function patternOf(line: string): RegExp {
  return new RegExp(`^${line.split("…").map((part) => RegExp.escape(part)).join(".+?")}$`);
}

/** A module of a page, with Troupe imported from where it is. */
export function importedFrom(root: URL, source: string): string {
  return source.replaceAll(/"\.\/((?:testing\/)?mod\.ts)"/g, (_, path) => JSON.stringify(new URL(path, root)));
}
