/** What is missing, as items. */

import type { Item } from "../base/item.ts";
import type { Attachment } from "./attachment.ts";
import type { StreamState, TraceState } from "./live-state.ts";

/** What the connection before had and this one has not. */
export function* missing(attachment: Attachment): Generator<Item, void, void> {
  for (const session of attachment.missing()) {
    yield lost(
      `session ${session} ended, in part or whole, while there was no connection: its end is missing`,
    );
  }
}

/** A stream shows that its session was cleared; nothing if that is no news. */
export function* clearing(stream: StreamState, now: number): Generator<Item, void, void> {
  if (!stream.noticeClear(now)) return;
  const { name, host } = stream.trace.session.entry;
  const reason = `session ${name} on ${host} was cleared: what was not read before is gone`;
  yield { kind: "gap", cause: "clear", trace: undefined, stream: undefined, reason, packets: 0 };
}

/** The session was created anew while there was no connection: how its predecessor ended is not known. */
export function replaced({ origin }: TraceState): Item {
  const reason = `${origin.path} of session ${origin.session} was begun anew: the end of the one before is missing`;
  return { ...lost(reason), trace: origin };
}

/** A reconnection that cannot go on where the connection ended. */
export function lost(reason: string): Item & { kind: "gap" } {
  const nowhere = { trace: undefined, stream: undefined };
  return { kind: "gap", cause: "reconnect", ...nowhere, reason, packets: undefined };
}

/** Packets of a stream are lost. */
export function gap(stream: StreamState, reason: string, packets: number | undefined): Item {
  const { origin } = stream;
  return { kind: "gap", cause: "packets", trace: origin.trace, stream: origin, reason, packets };
}
