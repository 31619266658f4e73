/** Traces as they would be had they been recorded without some contexts. */

import { map } from "rxjs";
import type { StreamClass, TraceClass } from "../../src/ctf/trace-class.ts";
import type { DecodedItem } from "../../src/feed/decoded-item.ts";
import type { FeedSubscription } from "../../src/feed/feed.ts";

/** A share whose trace classes have other names for the contexts of these names. */
export function hiding(share: FeedSubscription, names: readonly string[]): FeedSubscription {
  const classes = new Map<TraceClass, TraceClass>();
  const hidden = (traceClass: TraceClass): TraceClass => {
    let found = classes.get(traceClass);
    if (found === undefined) {
      const streams = [...traceClass.streamClasses].map(
        ([id, streamClass]) => [id, renamed(streamClass, names)] as const,
      );
      found = { ...traceClass, streamClasses: new Map(streams) };
      classes.set(traceClass, found);
    }
    return found;
  };
  const hide = (item: DecodedItem): DecodedItem => {
    if (item.kind === "trace-class") return { ...item, traceClass: hidden(item.traceClass) };
    if (item.kind !== "packet") return item;
    const traceClass = hidden(item.traceClass);
    const streamClass = traceClass.streamClasses.get(item.header.streamClass.id)!;
    return { ...item, traceClass, header: { ...item.header, streamClass } };
  };
  return { ...share, items: share.items.pipe(map(hide)) };
}

function renamed(streamClass: StreamClass, names: readonly string[]): StreamClass {
  const { commonContext } = streamClass;
  if (commonContext === undefined) return streamClass;
  const members = commonContext.members.map((member) =>
    names.includes(member.name) ? { ...member, name: `hidden ${member.name}` } : member,
  );
  return { ...streamClass, commonContext: { ...commonContext, members } };
}
