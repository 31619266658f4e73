/**
 * Whether `text` matches a star glob: `*` stands for any run of characters, `\` takes the next one literally.
 * Linear in practice: only the most recent star is ever retried (as LTTng's own matcher does).
 */
export function globMatches(pattern: string, text: string): boolean {
  let p = 0;
  let t = 0;
  let starAt = -1;
  let retryFrom = 0;
  while (t < text.length) {
    const escaped = pattern[p] === "\\" && p + 1 < pattern.length;
    if (pattern[p] === "*") {
      starAt = p++;
      retryFrom = t;
    } else if (pattern[escaped ? p + 1 : p] === text[t]) {
      p += escaped ? 2 : 1;
      t++;
    } else if (starAt !== -1) {
      p = starAt + 1;
      t = ++retryFrom;
    } else {
      return false;
    }
  }
  while (pattern[p] === "*") p++;
  return p === pattern.length;
}

/**
 * Whether a selection of globs takes a name: one of them matches, or there are only exclusions, and none of those behind
 * `!` does. Without globs, every name is selected.
 */
export function isSelected(globs: readonly string[], name: string): boolean {
  let hasInclusion = false;
  let isIncluded = false;
  for (const glob of globs) {
    if (isExclusion(glob)) {
      if (globMatches(glob.slice(1), name)) return false;
      continue;
    }
    hasInclusion = true;
    isIncluded ||= globMatches(glob, name);
  }
  return isIncluded || !hasInclusion;
}

/** `!sched_*`; a name that begins with `!` is written `\!`. */
export function isExclusion(glob: string): boolean {
  return glob.startsWith("!");
}
