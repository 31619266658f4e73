/** Rules of metadata, each with the smallest texts that break it: the error's code, and where it points to. */

import type { Test } from "uvu";
import * as assert from "uvu/assert";
import { MetadataError } from "../../src/base/errors.ts";
import { MetadataReader } from "../../src/ctf/metadata.ts";

export interface Rule {
  /** What holds of all texts that are accepted. */
  readonly rule: string;
  /** Of the errors, unless a text names another. */
  readonly code: string;
  /** Texts, and what stands where the error points to. */
  readonly broken: readonly (readonly [text: string, at: string, code?: string])[];
  /** Texts close to them that keep the rule. */
  readonly kept?: readonly string[];
}

function read(text: string): MetadataError | undefined {
  const reader = new MetadataReader();
  try {
    reader.append(new TextEncoder().encode(text));
    reader.finish();
    return undefined;
  } catch (error) {
    if (error instanceof MetadataError) return error;
    throw error;
  }
}

export function testRules(test: Test, rules: readonly Rule[]): void {
  for (const { rule, code, broken, kept = [] } of rules) {
    test(rule, () => {
      for (const [text, at, own = code] of broken) {
        const error = read(text);
        assert.ok(error !== undefined, `accepted: ${text}`);
        assert.is(error.code, own, text);
        const place = error.position;
        assert.ok(place !== undefined, `no place: ${text}`);
        const lines = text.split("\n").slice(place.line - 1);
        const got = lines.join("\n").slice(place.column - 1);
        assert.ok(got.startsWith(at), `${text}\nexpected the place of ${at}, got that of ${got}`);
      }
      for (const text of kept) {
        const error = read(text);
        assert.is(error, undefined, `${text}\n${error?.message}`);
      }
    });
  }
}
