/**
 * The lines of a byte stream, one by one.
 *
 * Used for the control lines and the log lines of child processes.
 * @module
 */

/** Lines without their ends; what comes after the last line end is the last line. Ends with the stream. */
export async function* textLines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let rest = "";
  const decoder = new TextDecoder();
  for await (const bytes of stream) {
    const parts = (rest + decoder.decode(bytes, { stream: true })).split("\n");
    rest = parts.pop() ?? "";
    yield* parts;
  }
  if (rest !== "") yield rest;
}
