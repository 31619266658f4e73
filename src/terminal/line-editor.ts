/** One line of text that is being typed. */

export interface EditedLine {
  readonly text: string;
  /** Where the next character goes, in UTF-16 code units. */
  readonly cursor: number;
}

export const EMPTY_LINE: EditedLine = { text: "", cursor: 0 };

/** A longer one is no filter. */
const MAX_LENGTH = 4096;

/** The line after a key; the same line for keys that change nothing. */
export function edited(line: EditedLine, key: string): EditedLine {
  const { text, cursor } = line;
  switch (key) {
    case "left":
      return { text, cursor: Math.max(0, cursor - lengthBefore(line)) };
    case "right":
      return { text, cursor: Math.min(text.length, cursor + lengthAt(line)) };
    case "home":
    case "ctrl-a":
      return { text, cursor: 0 };
    case "end":
    case "ctrl-e":
      return { text, cursor: text.length };
    case "backspace":
      return without(line, cursor - lengthBefore(line), cursor);
    case "delete":
      return without(line, cursor, cursor + lengthAt(line));
    case "ctrl-u":
      return without(line, 0, cursor);
    case "ctrl-k":
      return without(line, cursor, text.length);
    case "ctrl-w": {
      const from = text.slice(0, cursor).replace(/\S+\s*$/, "").length;
      return without(line, from, cursor);
    }
    case "space":
      return inserted(line, " ");
    default:
      return isText(key) ? inserted(line, key) : line;
  }
}

/** The line with a text instead of what stands from a place to the cursor. */
export function replaced({ text, cursor }: EditedLine, from: number, by: string): EditedLine {
  return { text: text.slice(0, from) + by + text.slice(cursor), cursor: from + by.length };
}

/** Names of keys have several letters, texts one character, or several that were pasted. */
function isText(key: string): boolean {
  return [...key].length === 1;
}

function inserted({ text, cursor }: EditedLine, more: string): EditedLine {
  if (text.length + more.length > MAX_LENGTH) return { text, cursor };
  return { text: text.slice(0, cursor) + more + text.slice(cursor), cursor: cursor + more.length };
}

function without({ text }: EditedLine, from: number, to: number): EditedLine {
  const start = Math.max(0, from);
  return { text: text.slice(0, start) + text.slice(to), cursor: start };
}

function lengthBefore({ text, cursor }: EditedLine): number {
  return [...text.slice(0, cursor)].at(-1)?.length ?? 0;
}

function lengthAt({ text, cursor }: EditedLine): number {
  return [...text.slice(cursor)][0]?.length ?? 0;
}
