import { normalizeOffset } from "../ctf/clock.ts";
import { type JsonValue, parseJson } from "../ctf/json.ts";

const NS_PER_SECOND = 1_000_000_000n;
/** Stands before each fragment of CTF 2 metadata. */
const SEPARATOR = "\x1e";

/** How bare TSDL text begins (CTF 1.8.3 §7.1); text from metadata packets may do without, and readers insist on it. */
const SIGNATURE = "/* CTF 1.8 */";

/**
 * Metadata in which every clock's origin lies `shiftNs` later, so that all events of the trace do. Nothing else
 * changes but a signature in front where TSDL lacks it; clock values in packets stay what they are.
 *
 * Works on the text, which is the tracer's own: a `clock` block that tracers write holds no brace inside.
 */
export function shiftClocks(text: string, shiftNs: bigint): string {
  if (text.startsWith(SEPARATOR)) {
    const shift = (fragment: string): string => shiftClockClass(fragment, shiftNs);
    return text.split(SEPARATOR).map(shift).join(SEPARATOR);
  }
  const signed = text.startsWith("/* CTF 1.8") ? text : `${SIGNATURE}\n\n${text}`;
  return signed.replace(/\bclock\s*\{[^}]*\}/g, (block) => shiftClock(block, shiftNs));
}

/** A fragment of CTF 2; only clock classes change, and of them only `offset-from-origin`. */
function shiftClockClass(fragment: string, shiftNs: bigint): string {
  if (!fragment.includes('"clock-class"')) return fragment;
  const clock = parseJson(fragment, 0, fragment.length);
  if (stringIn(clock, "type") !== "clock-class") return fragment;
  const offset = memberOf(clock, "offset-from-origin");
  const frequency = integerIn(clock, "frequency") ?? NS_PER_SECOND;
  const seconds = integerIn(offset, "seconds") ?? 0n;
  const cycles = (integerIn(offset, "cycles") ?? 0n) + (shiftNs * frequency) / NS_PER_SECOND;
  const moved = normalizeOffset(seconds, cycles, frequency);
  const written = `{"seconds":${moved.offsetSeconds},"cycles":${moved.offsetCycles}}`;
  if (offset !== undefined)
    return fragment.slice(0, offset.span.start) + written + fragment.slice(offset.span.end);
  const end = clock.span.end - 1;
  return `${fragment.slice(0, end)},"offset-from-origin":${written}${fragment.slice(end)}`;
}

function memberOf(value: JsonValue | undefined, name: string): JsonValue | undefined {
  return value?.kind === "object" ? value.members.get(name) : undefined;
}

function integerIn(value: JsonValue | undefined, name: string): bigint | undefined {
  const member = memberOf(value, name);
  return member?.kind === "integer" ? member.value : undefined;
}

function stringIn(value: JsonValue | undefined, name: string): string | undefined {
  const member = memberOf(value, name);
  return member?.kind === "string" ? member.value : undefined;
}

function shiftClock(block: string, shiftNs: bigint): string {
  const frequency = numberIn(block, /\bfreq\s*=\s*(\d+)/) ?? NS_PER_SECOND;
  const shift = (shiftNs * frequency) / NS_PER_SECOND;
  const offset = /(\boffset\s*=\s*)(-?\d+)/;
  const present = numberIn(block, /\boffset\s*=\s*(-?\d+)/);
  if (present === undefined) return block.replace("{", `{\n\toffset = ${shift};`);
  return block.replace(offset, (_, before: string) => `${before}${present + shift}`);
}

function numberIn(block: string, pattern: RegExp): bigint | undefined {
  const digits = pattern.exec(block)?.[1];
  return digits === undefined ? undefined : BigInt(digits);
}
