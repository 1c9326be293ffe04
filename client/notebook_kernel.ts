/**
 * Whether this program is the cells of a notebook, in Deno's Jupyter kernel, or what is typed into `deno repl`.
 *
 * Asked by what shows itself there, and by what must leave the inspector alone that these use themselves.
 * @module
 */

/** What a kernel offers. */
export interface NotebookKernel {
  broadcast(type: string, content: unknown): Promise<void>;
}

/**
 * Whether the inspector belongs to what runs this program: a kernel, or `deno repl`. To use it then ends the runtime with a
 * panic; in exchange all variables at the top are in reach.
 */
export function isInteractive(): boolean {
  return kernelHere() !== null || isRepl();
}

function isRepl(): boolean {
  try {
    return Deno.mainModule.endsWith("/$deno$repl.mts");
  } catch {
    // Without the right to know its own main module; the REPL has it.
    return false;
  }
}

/** The kernel that this program runs in; `null`: none. */
export function kernelHere(): NotebookKernel | null {
  try {
    return (Deno as unknown as { jupyter?: NotebookKernel }).jupyter ?? null;
  } catch {
    // Outside a kernel it throws.
    return null;
  }
}
