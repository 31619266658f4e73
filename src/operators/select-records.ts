/** Which records of recorded traces a question selects, for those who copy records instead of reading columns. */

import type { Registry } from "../containers/registry.ts";
import type { Program } from "../filter/bytecode.ts";
import type { Question } from "../query/question.ts";
import { ContainerRows } from "./contain/container-rows.ts";
import { NameWatch } from "./contain/name-watch.ts";
import { pushedDown, scanned, wantedNamespaces } from "./contain/pushdown.ts";
import type { RecordedNames } from "./contain/recorded-names.ts";
import { askedOf, asksForContainers, exactFilter, watchOf } from "./run-question.ts";

export interface RecordSelection {
  /** What the scan decides. */
  readonly filter: Program | undefined;
  /** Decides among the records that pass the scan; `undefined` where all of them are wanted. */
  readonly rows: ContainerRows | undefined;
  /** What users should know, such as names that no container has. */
  readonly notes: readonly string[];
}

/** @param names are read where the question asks for containers */
export async function selectRecords(
  question: Question,
  names: () => RecordedNames,
): Promise<RecordSelection> {
  if (!asksForContainers(question)) return { filter: question.filter, rows: undefined, notes: [] };
  const known = names();
  await new Promise<void>((resolve, reject) => {
    known.follow({ ready: resolve, failed: reject });
  });
  const { registry } = known;
  const watch = watchOf(
    question,
    (condition) => new NameWatch(condition, registry, () => [], false),
  );
  const notes = watch?.notes() ?? [];
  const exact = exactFilter(question, known);
  if (exact !== undefined) return { filter: exact.filter, rows: undefined, notes };
  const asked = askedOf(question);
  const { required } = asked;
  const namespaces = required && wantedNamespaces(required, registry, known.traceClasses);
  const filter = pushedDown(question.filter, namespaces);
  return { filter, rows: new ContainerRows(registry, asked), notes };
}

/**
 * As `selectRecords`, of traces that grow: records are decided once all that concerns them is in the registry.
 * @param registry that follows the same traces
 */
export function selectLiveRecords(
  question: Question,
  registry: Registry,
): Omit<RecordSelection, "notes"> {
  if (!asksForContainers(question)) return { filter: question.filter, rows: undefined };
  const rows = new ContainerRows(registry, askedOf(question));
  return { filter: scanned(question.filter), rows };
}
