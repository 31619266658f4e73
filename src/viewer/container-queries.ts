/** The queries of the containers view, without `every`, and what each measures. */

export interface Measure {
  readonly key: string;
  /** Of the query's answer. */
  readonly column: string;
  readonly title: string;
  readonly unit: string;
}

export interface ContainerQuery {
  readonly title: string;
  readonly query: string;
  readonly measures: readonly Measure[];
}

export const CONTAINER_QUERIES: readonly ContainerQuery[] = [
  {
    title: "Processor time",
    query: "|> slices |> cpu = usage(dt) by container",
    measures: [{ key: "cpu", column: "cpu", title: "cpu", unit: " %" }],
  },
  {
    title: "System calls",
    query: "|> syscalls |> calls = count() by container",
    measures: [{ key: "syscalls", column: "calls", title: "syscalls", unit: "" }],
  },
  {
    title: "Errors",
    query: "|> syscalls |> errors = count() if (ret < 0) by container",
    measures: [{ key: "errors", column: "errors", title: "errors", unit: "" }],
  },
  {
    title: "Events",
    query: "|> events = count() by container",
    measures: [{ key: "events", column: "events", title: "events", unit: "" }],
  },
];

/**
 * The events of one container. A star in its name stands for itself. No text holds both kinds of quotes: then a star
 * stands for one of them.
 */
export function containerFilter(name: string): string {
  const escaped = name.replace(/[\\*]/g, (one) => `\\${one}`);
  if (!escaped.includes('"')) return `$container.name == "${escaped}"`;
  return escaped.includes("'")
    ? `$container.name == "${escaped.replaceAll('"', "*")}"`
    : `$container.name == '${escaped}'`;
}
