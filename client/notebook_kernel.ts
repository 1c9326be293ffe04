/**
 * Whether this program is the cells of a notebook, in Deno's Jupyter kernel.
 *
 * Asked by what shows itself there, and by what must leave the kernel's own inspector alone.
 * @module
 */

/** What a kernel offers. */
export interface NotebookKernel {
  broadcast(type: string, content: unknown): Promise<void>;
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
