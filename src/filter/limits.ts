/** Bounds that keep a hostile expression from costing more than it is worth. */

/** LTTng 2.13.9 refuses longer expressions too (measured). */
export const MAX_TEXT_BYTES = 65_535;

/** The longest chain that LTTng's bytecode limit admits (`k` and 5456 × ` && 1`) has 10 913. */
export const MAX_TOKENS = 12_000;

/** Parentheses and unary operators inside one another. */
export const MAX_NESTING = 250;

/** Words of generic code; only nested `in` lists can multiply it beyond the text's own size. */
export const MAX_CODE_WORDS = 65_536;
