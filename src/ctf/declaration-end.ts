/** Where the first declaration of a growing TSDL text ends: at a semicolon outside braces, strings and comments. */

const NEWLINE = 10;
const DOUBLE_QUOTE = 34;
const QUOTE = 39;
const STAR = 42;
const SLASH = 47;
const SEMICOLON = 59;
const BACKSLASH = 92;
const OPENING = 123;
const CLOSING = 125;

/** Looks at every character once, however small the pieces are that the text comes in. */
export class DeclarationEnd {
  #at: number;
  #depth = 0;
  /** A quote, `STAR` in a comment that a star and slash end, `NEWLINE` in one that a line ends. */
  #inside: number | undefined;

  /** @param from where the declaration begins */
  constructor(from: number) {
    this.#at = from;
  }

  /** How far it has looked: behind the semicolon, once that has come. */
  get at(): number {
    return this.#at;
  }

  /** Whether the declaration's end has come, which the text holds from its beginning on. */
  isIn(text: string): boolean {
    while (this.#at < text.length) {
      const c = text.charCodeAt(this.#at);
      if (c === SLASH && this.#inside === undefined) {
        // The next character decides whether a comment begins.
        if (this.#at + 1 === text.length) return false;
        const next = text.charCodeAt(this.#at + 1);
        if (next === STAR) this.#enter(STAR, 2);
        else if (next === SLASH) this.#enter(NEWLINE, 2);
        else this.#at++;
      } else if (this.#inside === undefined) {
        this.#at++;
        if (c === OPENING) this.#depth++;
        else if (c === CLOSING) this.#depth--;
        else if (c === SEMICOLON && this.#depth <= 0) return true;
        else if (c === DOUBLE_QUOTE || c === QUOTE) this.#inside = c;
      } else if (c === BACKSLASH && this.#inside !== STAR && this.#inside !== NEWLINE) {
        if (this.#at + 1 === text.length) return false;
        this.#at += 2;
      } else if (c === STAR && this.#inside === STAR) {
        if (this.#at + 1 === text.length) return false;
        if (text.charCodeAt(this.#at + 1) === SLASH) this.#leave(2);
        else this.#at++;
      } else if (c === this.#inside) {
        this.#leave(1);
      } else {
        this.#at++;
      }
    }
    return false;
  }

  #enter(end: number, length: number): void {
    this.#inside = end;
    this.#at += length;
  }

  #leave(length: number): void {
    this.#inside = undefined;
    this.#at += length;
  }
}
