/** Numbers that stand for long texts in the keys of this thread. */

/** Characters of texts that have numbers. */
const MAX_CHARACTERS = 16 << 20;

const numbers = new Map<string, number>();
const texts = new Map<number, string>();
let characters = 0;
let nextNumber = 0;

/**
 * A number that stands for a text in keys: equal texts have equal numbers, and no number stands for two texts. A text that
 * was forgotten gets a new one.
 */
export function numberOf(text: string): number {
  let number = numbers.get(text);
  if (number !== undefined) return number;
  if (characters + text.length > MAX_CHARACTERS) {
    numbers.clear();
    texts.clear();
    characters = 0;
  }
  number = nextNumber++;
  numbers.set(text, number);
  texts.set(number, text);
  characters += text.length;
  return number;
}

/** The text of a number, unless it was forgotten. */
export function textOf(number: number): string | undefined {
  return texts.get(number);
}
