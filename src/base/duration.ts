const MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
};

/** What a Node timer can wait for, about 24 days; it does not wait at all for more. */
const MAX_MS = 2 ** 31 - 1;

/** `10s`, `500ms`, `2m`, or plain seconds → milliseconds; `undefined` for anything else, and beyond 24 days. */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|min|h)?$/.exec(text);
  if (match === null) return undefined;
  const ms = Number(match[1]) * MS[match[2] ?? "s"]!;
  return ms <= MAX_MS ? ms : undefined;
}
