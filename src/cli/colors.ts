import pc from "picocolors";

/**
 * Colours for a stream: on for terminals, off for files and pipes, off with `NO_COLOR`, on with `FORCE_COLOR`.
 * (picocolors by itself also turns them on wherever `CI` is set, pipes included.)
 */
export function colorsFor(stream: {
  readonly isTTY?: boolean;
}): ReturnType<typeof pc.createColors> {
  return pc.createColors(hasColors(stream));
}

export function hasColors(stream: { readonly isTTY?: boolean }): boolean {
  const { NO_COLOR, FORCE_COLOR, TERM } = process.env;
  if (NO_COLOR) return false;
  if (FORCE_COLOR !== undefined && FORCE_COLOR !== "0") return true;
  return stream.isTTY === true && TERM !== "dumb";
}
