/**
 * A text as a literal of a filter that matches this text. Strings have no escape for quotes: one with quotes of both kinds
 * matches any character in the place of a double one.
 */
export function textLiteral(text: string): string {
  const escaped = text.replaceAll(/[\\*]/g, "\\$&");
  if (!escaped.includes('"')) return `"${escaped}"`;
  return escaped.includes("'") ? `"${escaped.replaceAll('"', "*")}"` : `'${escaped}'`;
}
