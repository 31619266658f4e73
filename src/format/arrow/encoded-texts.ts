import { grownCopy } from "../../base/grow.ts";
import type { DictionaryTexts } from "../../column/column.ts";
import { type PreparedTexts, SLACK_BYTES } from "./text-kernel.ts";

/** The texts of a column's dictionary as bytes, each encoded once. Another dictionary begins anew. */
export class EncodedTexts implements PreparedTexts {
  #dictionary: DictionaryTexts | undefined;
  #count = 0;
  #bytes: Uint8Array = new Uint8Array(SLACK_BYTES);
  #end = 0;
  /** One text at least, an empty one: rows without a value have the code 0, and there may be nothing else. */
  #places = new Int32Array(2);
  longest = 0;

  /** With every text of `dictionary` known now. */
  of(dictionary: DictionaryTexts): this {
    if (this.#dictionary !== dictionary) {
      this.#dictionary = dictionary;
      this.#count = 0;
      this.#end = 0;
      this.longest = 0;
      this.#places.fill(0);
    }
    while (this.#count < dictionary.size) this.#add(dictionary.text(this.#count));
    return this;
  }

  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#end + SLACK_BYTES);
  }

  get places(): Int32Array {
    return this.#places.subarray(0, Math.max(1, this.#count) * 2);
  }

  #add(text: string): void {
    const most = this.#end + text.length * 3 + SLACK_BYTES;
    if (most > this.#bytes.length) this.#bytes = grownCopy(this.#bytes, Uint8Array, most);
    const { written } = encoder.encodeInto(text, this.#bytes.subarray(this.#end));
    const at = this.#count++ * 2;
    if (at + 2 > this.#places.length) this.#places = grownCopy(this.#places, Int32Array, at + 2);
    this.#places[at] = this.#end;
    this.#places[at + 1] = written;
    this.#end += written;
    this.longest = Math.max(this.longest, written);
  }
}

const encoder = new TextEncoder();
