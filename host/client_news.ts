/**
 * What running tasks show, on its way to the clients they belong to: a turn of the event loop in one message each.
 *
 * At best effort: where a client does not keep up, or is not there, it is dropped here and now, and nothing is kept. The
 * end of a task says all of it again. Owned by the host's actor, which says where messages go.
 * @module
 */
import type { NodeAddress } from "../actors/link_port.ts";
import type { EngineUuid, Session } from "../protocol/ids.ts";
import { type NestedLine, NEWS, type NewsMessage } from "../protocol/messages.ts";
import { parseTaskId } from "../wire/task_ids.ts";
import { EndOfTurn } from "../wire/end_of_turn.ts";
import type { EngineRun } from "./engine_run.ts";

/** The news of one client. `node`: where it lives. */
export type SendNews = (node: NodeAddress, rows: readonly NewsMessage[]) => void;

export class ClientNews {
  readonly #send: SendNews;
  readonly #uuidOf: (run: EngineRun) => EngineUuid | null;
  #rows = new Map<NodeAddress, NewsMessage[]>();
  readonly #atTheEnd = new EndOfTurn(() => this.#flush());

  /** `uuidOf`: the process that a run is on. */
  constructor(send: SendNews, uuidOf: (run: EngineRun) => EngineUuid | null) {
    this.#send = send;
    this.#uuidOf = uuidOf;
  }

  printed(run: EngineRun, channel: 0 | 1, text: string, at: number): void {
    this.#add(run, (...of) => [...of, NEWS.printed, channel, text, at]);
  }

  published(run: EngineRun, data: Uint8Array): void {
    this.#add(run, (...of) => [...of, NEWS.published, data]);
  }

  progress(run: EngineRun, fraction: number, text: string | null): void {
    this.#add(run, (...of) => [...of, NEWS.progress, fraction, text]);
  }

  nested(run: EngineRun, lines: readonly NestedLine[]): void {
    this.#add(run, (...of) => [...of, NEWS.nested, lines]);
  }

  #add(run: EngineRun, row: (...of: RowHead) => NewsMessage): void {
    const id = parseTaskId(run.task);
    const uuid = this.#uuidOf(run);
    if (id === null || uuid === null) return;
    const node = clientNodeOf(run, id.session);
    let rows = this.#rows.get(node);
    if (rows === undefined) this.#rows.set(node, rows = []);
    rows.push(row(id.counter, run.engine, uuid, run.attempt));
    this.#atTheEnd.ask();
  }

  #flush(): void {
    const all = this.#rows;
    this.#rows = new Map();
    for (const [node, rows] of all) this.#send(node, rows);
  }
}

type RowHead = readonly [
  counter: NewsMessage[0],
  engine: NewsMessage[1],
  engineUuid: NewsMessage[2],
  attempt: NewsMessage[3],
];

/** The node of the client: its own, where it has said so; else it is named by the session. */
export function clientNodeOf({ origin }: EngineRun, session: Session): NodeAddress {
  return origin.kind === "scheduled" ? `client.${session}` : origin.client as NodeAddress;
}
