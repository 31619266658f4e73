const NS_PER_SECOND = 1_000_000_000n;

/** How bare TSDL text begins (CTF 1.8.3 §7.1); text from metadata packets may do without, and readers insist on it. */
const SIGNATURE = "/* CTF 1.8 */";

/**
 * TSDL text in which every clock's origin lies `shiftNs` later, so that all events of the trace do. Nothing else
 * changes but a signature in front where it lacks; clock values in packets stay what they are.
 *
 * Works on the text, which is the tracer's own: a `clock` block that tracers write holds no brace inside.
 */
export function shiftClocks(text: string, shiftNs: bigint): string {
  const signed = text.startsWith("/* CTF 1.8") ? text : `${SIGNATURE}\n\n${text}`;
  return signed.replace(/\bclock\s*\{[^}]*\}/g, (block) => shiftClock(block, shiftNs));
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
