import type { Item } from "../../src/base/item.ts";

/** An item in a line, for tests to compare. */
export function printItem(item: Item): string {
  switch (item.kind) {
    case "trace":
    case "trace-end":
      return `${item.kind} ${item.trace.path}`;
    case "metadata":
      return `metadata ${Buffer.from(item.bytes).toString()}`;
    case "stream":
    case "stream-end":
      return `${item.kind} ${item.stream.name}`;
    case "packet":
      return `packet ${item.stream.name} ${item.bytes[0]}`;
    case "beacon":
      return `beacon ${item.stream.name} ${item.timestamp}`;
    case "gap":
      return `gap ${item.stream?.name} ${item.packets}: ${item.reason}`;
    case "resume":
      return `resume ${item.stream.name} from ${item.from.name}`;
    case "note":
      return `note ${item.text}`;
    case "begin":
    case "bound":
    case "end":
      return item.kind;
  }
}
