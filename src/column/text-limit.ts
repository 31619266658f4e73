import { DecodeError } from "../base/errors.ts";

/** What a text or list of one record may take in one column, in bytes. */
export const MAX_TEXT_BYTES: number = 1 << 26;

/** The error of a record that is too long to be shown in a column. */
export function textTooLong(column: string, bit: number): DecodeError {
  return new DecodeError(
    "DECODE_TEXT_SIZE",
    `column ${column}: expected at most ${MAX_TEXT_BYTES} bytes for one event, got more; --select can leave the column out`,
    bit,
  );
}
