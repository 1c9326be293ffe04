/**
 * How links begin, and which end of which link a frame belongs to.
 *
 * Rules, in which A and B are the two sides:
 * - Each side numbers its own ends: a **generation** counts up within one incarnation, over all peers, and is used
 *   once. A link is the pair of both ends, (incarnation, generation) of A and of B; nothing else can ever be that link.
 * - A says `hello` with its end. B binds an end of its own to it and answers `hello` naming A's end. Naming an end
 *   proves that the sender is alive now and means it, since an end is told to nobody before it exists; so A's end is
 *   **open**, and B's is as soon as a frame names it in turn. Messages only travel over open ends, so whatever was
 *   queued before goes to the first life that proves itself, and to no other.
 * - When both say hello at once, both are bound by the other's, and both answers open.
 * - A hello by itself proves nothing: it may be an echo of the past. While B's end is open, a hello from another life
 *   of A, or of a later generation of the same, only makes a **candidate**; if that is confirmed by a frame naming the
 *   candidate, the old link is down (`incarnation-changed`, or `silent` when A had given it up), and the candidate
 *   takes its place. An earlier generation of the same life is ignored.
 * - Whoever declares a link down closes its end and sends `reset` for the pair. Every later frame that names a closed
 *   end, or one of an earlier life, is answered by such a reset; a reset for an open link takes it down. So if one side
 *   reports down, the other will too, and nothing of that link is delivered on either side afterwards. A reset is never
 *   answered, so resets that cross end the matter. Nobody resets the links of its own successor, see `incarnation.ts`, or
 *   believes a hello of one that has a successor. A reset for an end that is still opening only makes it try again
 *   under a new number.
 * - After `down` a later `send` makes a new link, maybe to the same life; its first message comes after both have
 *   reported the old one down.
 *
 * Pure decisions over frames; `link_peer.ts` carries them out.
 * @module
 */
import type { Frame, FrameEnds, HelloFrame, ResetFrame } from "./frame.ts";
import { isSucceededBy } from "./incarnation.ts";
import type { Link } from "./link.ts";

/** The ends we have towards one address: the link, and maybe the one that is about to take its place. */
export interface PeerLinks {
  readonly link: Link | null;
  readonly candidate: Link | null;
}

/** What to do about a hello. */
export type HelloVerdict =
  /** It is of the past. */
  | "ignore"
  /** It answers an end that is closed, or never was ours: reset. */
  | "refuse"
  /** Make an end, bind it, answer. */
  | "accept"
  /** Bind the opening link to it, answer. */
  | "bind"
  /** It names our opening end: open, and say something, so that the other end opens too. */
  | "open"
  /** The link stands; the sender may not know yet: say where we are. */
  | "confirm"
  /** Make (or keep) a candidate bound to it, answer. */
  | "challenge"
  /** It names the candidate: the link is down, the candidate takes its place. */
  | "replace"
  /** It names our open end but comes from another end of the same life: the peer has given our link up. */
  | "given-up";

/** The end of ours that a hello names, 0 for one of another life of ours, `null` for none. */
function nameOf(hello: HelloFrame, incarnation: string): number | null {
  if (hello.toIncarnation === null) return null;
  return hello.toIncarnation === incarnation ? hello.toGeneration : 0;
}

/** Judges a hello. `incarnation` is ours. */
export function judgeHello({ link, candidate }: PeerLinks, hello: HelloFrame, incarnation: string): HelloVerdict {
  if (link?.phase === "open" && link.isTo(hello)) return "confirm";
  if (isPast(link, hello) || isPast(candidate, hello)) return "ignore";
  const sameLife = link?.remote?.incarnation === hello.incarnation;
  if (sameLife && hello.generation < (link?.remote?.generation ?? 0)) return "ignore";
  const named = nameOf(hello, incarnation);
  if (named !== null && named === candidate?.generation && candidate.isTo(hello)) return "replace";
  if (named !== null && named !== link?.generation) return "refuse";
  if (link === null) return "accept";
  if (link.phase === "opening") return named === null ? "bind" : "open";
  return sameLife && named !== null ? "given-up" : "challenge";
}

/** Whether it comes from a life of the peer that has a successor, which this end is bound to. */
function isPast(end: Link | null, { incarnation }: HelloFrame): boolean {
  return end !== null && end.remote !== null && isSucceededBy(incarnation, end.remote.incarnation);
}

/** Which of our ends a frame other than hello and reset is meant for. */
export type FrameVerdict = "link" | "opens-link" | "replaces-link" | "dead";

/** Judges a frame of a link. `incarnation` is ours. */
export function judgeFrame({ link, candidate }: PeerLinks, frame: Frame, incarnation: string): FrameVerdict {
  if (link === null || frame.toIncarnation !== incarnation) return "dead";
  if (frame.toGeneration === link.generation) {
    if (link.phase === "opening") return "opens-link";
    return link.isTo(frame) ? "link" : "dead";
  }
  if (candidate === null || frame.toGeneration !== candidate.generation) return "dead";
  return candidate.isTo(frame) ? "replaces-link" : "dead";
}

/** Which of our ends a reset takes down: only the very pair it is about. */
export function judgeReset({ link, candidate }: PeerLinks, reset: ResetFrame): "link" | "candidate" | "none" {
  if (link !== null && isAbout(link, reset)) return "link";
  return candidate !== null && isAbout(candidate, reset) ? "candidate" : "none";
}

function isAbout(end: Link, reset: ResetFrame): boolean {
  return end.ends.incarnation === reset.toIncarnation && end.generation === reset.toGeneration &&
    end.isTo({ incarnation: reset.aboutIncarnation, generation: reset.aboutGeneration });
}

/** The ends to put on a frame about something that is no link of ours (any more). */
export function endsTowards(frame: FrameEnds, self: Pick<FrameEnds, "from" | "incarnation">): FrameEnds {
  return { ...self, generation: 0, toIncarnation: frame.incarnation, toGeneration: frame.generation };
}
