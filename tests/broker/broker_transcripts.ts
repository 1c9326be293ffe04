/**
 * Reads `broker_transcripts.txt`: what `nats-server` 2.9 answers, byte for byte, to what is sent after its INFO.
 *
 * Recorded from the real server, and held to it by the test that plays it. A transcript is three lines: its name, what
 * is sent to which server, what comes back and whether the server ends the connection. `\r`, `\n`, `\t`, `\xNN` and `\\`
 * stand for bytes, `{a*4096}` for a repeated one, `{QUIET}` and its like for the CONNECT lines below. Both servers take
 * 1,024 bytes a message; "open" takes 3 subscriptions a client and lets everybody in, "guarded" knows two users.
 * @module
 */
import { ok } from "node:assert/strict";

/** One conversation. */
export interface Transcript {
  readonly name: string;
  readonly server: "open" | "guarded";
  /** One character is one byte, here and in `answer`. */
  readonly sent: string;
  readonly answer: string;
  /** Whether the server ends the connection. */
  readonly ends: boolean;
}

/** What both servers are set to. */
export const MAX_PAYLOAD = 1_024;
/** Of the open one. */
export const MAX_SUBSCRIPTIONS = 3;
/** Of the guarded one: who may do everything, and who may not. */
export const FREE_USER = { user: "free", password: "secret" };
/** Of the guarded one. */
export const HELD_USER = {
  user: "held",
  password: "secret",
  permissions: { publish: ["ok.>", "_INBOX.>"], subscribe: ["ok.>", "_INBOX.>"] },
};

const ALL_ON = '"headers":true,"no_responders":true';
const WORDS: Readonly<Record<string, string>> = {
  QUIET: `CONNECT {"verbose":false,"pedantic":false,${ALL_ON}}\r\n`,
  PEDANTIC: `CONNECT {"verbose":false,"pedantic":true,${ALL_ON}}\r\n`,
  VERBOSE: `CONNECT {"verbose":true,"pedantic":false,${ALL_ON}}\r\n`,
  FREE: 'CONNECT {"verbose":false,"user":"free","pass":"secret"}\r\n',
  HELD: `CONNECT {"verbose":false,"pedantic":true,${ALL_ON},"user":"held","pass":"secret"}\r\n`,
};
const ESCAPES: Readonly<Record<string, string>> = { r: "\r", n: "\n", t: "\t" };
const BLOCK = /^# (?<name>.+)\n(?<server>open|guarded) >(?: (?<sent>.*))?\n(?<end>stays|ends) <(?: (?<answer>.*))?$/;

/** Every transcript of the file. */
export async function readTranscripts(): Promise<readonly Transcript[]> {
  const text = await Deno.readTextFile(new URL("./broker_transcripts.txt", import.meta.url));
  return text.trim().split("\n\n").map(readTranscript);
}

function readTranscript(block: string): Transcript {
  const groups = BLOCK.exec(block)?.groups;
  ok(groups !== undefined, `Cannot read this transcript:\n${block}`);
  return {
    name: groups["name"] ?? "",
    server: groups["server"] === "guarded" ? "guarded" : "open",
    sent: toBytes(groups["sent"] ?? ""),
    answer: toBytes(groups["answer"] ?? ""),
    ends: groups["end"] === "ends",
  };
}

function toBytes(written: string): string {
  return written.replace(
    /\\x([0-9a-f]{2})|\\(.)|\{(.)\*(\d+)\}|\{([A-Z]+)\}/g,
    (whole, code?: string, escaped?: string, repeated?: string, count?: string, word?: string) => {
      if (code !== undefined) return String.fromCharCode(Number.parseInt(code, 16));
      if (escaped !== undefined) return ESCAPES[escaped] ?? escaped;
      if (repeated !== undefined) return repeated.repeat(Number(count));
      return WORDS[word ?? ""] ?? whole;
    },
  );
}
