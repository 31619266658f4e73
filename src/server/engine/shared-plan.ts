import type { OpenedFormat } from "./accepted-format.ts";
import { Delivery } from "./delivery.ts";
import { withoutFields } from "./hidden-fields.ts";
import type { QueryTask } from "./messages.ts";
import type { Meter } from "./meter.ts";
import { identityOf } from "./query-identity.ts";
import type { QueryRequest } from "./query-request.ts";
import type { SourceShare } from "./served-sources.ts";
import type { SharedPlan } from "./shared-delivery.ts";

/**
 * How a query runs together with those that are equal to it; `undefined` where equal queries may have different rows: of
 * live sessions, where time or a slow client ends or thins them out, or where rows come in whatever order they are scanned.
 */
export function sharedPlan(
  { asked, sources, hidden, limits: { groups } }: QueryTask,
  request: QueryRequest,
  format: OpenedFormat,
  share: SourceShare,
): SharedPlan | undefined {
  const { recorded } = share;
  const { durationMs, overflow, question } = request;
  const isOwn = durationMs !== undefined || overflow === "drop" || question.order === "none";
  if (recorded === undefined || isOwn) return undefined;
  const { version, isCurrent, again } = recorded;
  const facts = [sources, hidden, version, format.name, groups, identityOf(asked)];
  const limited = { ...request, maxGroups: groups };
  return {
    key: JSON.stringify(facts),
    isCurrent,
    open(sink, meter, had) {
      const read = measured({ ...share, ...again() }, hidden, meter);
      return new Delivery(limited, format, read, sink, { had });
    },
  };
}

/** A share without some fields; what is done with its items is measured. */
export function measured(share: SourceShare, hidden: readonly string[], meter: Meter): SourceShare {
  return { ...share, items: meter.measured(withoutFields(share.items, hidden)) };
}
