/** Elements of the page. Whatever comes from a trace becomes a text node, never markup. */

/** An element of page.html. */
export function byId<T extends HTMLElement = HTMLElement>(id: string): T {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`page.html has no #${id}`);
  return element as T;
}

type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

/** A new element; attributes that are `undefined` or `false` are left out. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes,
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  setAttributes(element, attributes);
  element.append(...children);
  return element;
}

/** The same of SVG. */
export function draw(
  tag: string,
  attributes: Attributes,
  ...children: readonly (Node | string)[]
): SVGElement {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  setAttributes(element, attributes);
  element.append(...children);
  return element;
}

function setAttributes(element: Element, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes))
    if (value !== undefined && value !== false)
      element.setAttribute(name, value === true ? "" : String(value));
}

/** Shows a message at its place, or nothing for an empty one. */
export function show(id: string, message: string): void {
  byId(id).textContent = message;
  byId(id).hidden = message === "";
}

/** `12,840` */
export function count(value: number): string {
  return value.toLocaleString("en-US");
}

// Controls, direction marks and line separators change how the text around them is read.
const HIDDEN_CHARACTERS = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** Text of a trace, with characters that cannot be seen as `\u202e`. */
export function visible(text: string): string {
  return text.replace(
    HIDDEN_CHARACTERS,
    (one) => `\\u${one.codePointAt(0)!.toString(16).padStart(4, "0")}`,
  );
}

/** The same, cut to so many characters where it is longer, and then it says so. */
export function brief(text: string, most: number = 120): string {
  if (text.length <= most) return visible(text);
  return `${visible(text.slice(0, most))}… (${count(text.length)} characters)`;
}

/** The same of a message of several lines. */
export function visibleLines(text: string): string {
  return text.split("\n").map(visible).join("\n");
}
