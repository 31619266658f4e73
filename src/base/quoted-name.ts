/** Names that are no identifiers, written between backquotes: `` `a.b` ``, `` `日本` ``, `` `$x` ``. */

const IDENTIFIER = /^[A-Za-z_:][0-9A-Za-z_:]*$/;

/** A name as filters and selections take it. */
export function quotedName(name: string): string {
  return IDENTIFIER.test(name) ? name : `\`${name}\``;
}

export function isQuoted(text: string): boolean {
  return text.length > 2 && text.startsWith("`") && text.endsWith("`");
}

/** The name that a word stands for, with or without backquotes. */
export function unquotedName(text: string): string {
  return isQuoted(text) ? text.slice(1, -1) : text;
}

/** An identifier without the backquotes that it does not need; any other text as it is. */
export function plainName(text: string): string {
  const name = unquotedName(text);
  return IDENTIFIER.test(name) ? name : text;
}

/** The names of a dotted path, in which dots between backquotes belong to a name. */
export function pathNames(text: string): string[] {
  return (text.match(/(?:`[^`]*`|[^.`]|`)+/g) ?? [text]).map(unquotedName);
}
