import { type Data, makeData, Utf8, Vector } from "apache-arrow";
import type { DictionaryTexts } from "../../column/column.ts";

/**
 * The Arrow vector of a column's dictionary. New texts are appended as a chunk, which the stream writer sends as a delta;
 * another dictionary makes a fresh vector, which it sends as a replacement.
 */
export class DictionaryVector {
  #dictionary: DictionaryTexts | undefined;
  #vector: Vector<Utf8> | undefined;

  /** Whether a dictionary is another one, or has texts that the vector has not. */
  isBehind(dictionary: DictionaryTexts): boolean {
    return this.#dictionary !== dictionary || (this.#vector?.length ?? -1) < dictionary.size;
  }

  /** The vector that holds every text of `dictionary` known now. */
  of(dictionary: DictionaryTexts): Vector<Utf8> {
    if (this.#vector === undefined || this.#dictionary !== dictionary) {
      this.#dictionary = dictionary;
      this.#vector = new Vector([textData(dictionary, 0)]);
    } else if (this.#vector.length < dictionary.size) {
      this.#vector = this.#vector.concat(new Vector([textData(dictionary, this.#vector.length)]));
    }
    return this.#vector;
  }
}

const encoder = new TextEncoder();

function textData(dictionary: DictionaryTexts, from: number): Data<Utf8> {
  const texts: Uint8Array[] = [];
  for (let code = from; code < dictionary.size; code++)
    texts.push(encoder.encode(dictionary.text(code)));
  const valueOffsets = new Int32Array(texts.length + 1);
  texts.forEach((text, i) => {
    valueOffsets[i + 1] = valueOffsets[i]! + text.length;
  });
  const data = new Uint8Array(valueOffsets[texts.length]!);
  texts.forEach((text, i) => {
    data.set(text, valueOffsets[i]!);
  });
  return makeData({ type: new Utf8(), length: texts.length, nullCount: 0, valueOffsets, data });
}
