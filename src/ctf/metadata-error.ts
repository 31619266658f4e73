import { MetadataError } from "../base/errors.ts";
import { masked } from "../base/printable.ts";
import { excerpt, positionAt, type Span } from "../base/text.ts";

/** A MetadataError that shows line, column and the excerpt. */
export function metadataError(
  source: string,
  code: string,
  message: string,
  span: Span,
): MetadataError {
  const position = positionAt(source, span.start);
  return new MetadataError(
    code,
    `metadata, line ${position.line}, column ${position.column}: ${masked(message)}\n${excerpt(source, span)}`,
    { position },
  );
}
