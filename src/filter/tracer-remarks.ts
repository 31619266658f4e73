/** Whether the tracers of a trace's own domain would make of a filter what this engine makes of it. */

import { type Expression, type Reference, stepsOf } from "./ast.ts";
import type { Program } from "./bytecode.ts";
import type { PortabilityRemark } from "./portable.ts";
import type { LinkEnvironment } from "./resolve.ts";
import { resolve } from "./resolve.ts";
import { symbolOf } from "./symbol.ts";
import { type TracerType, tracerDefects } from "./tracer-defects.ts";
import { nodesOf } from "./walk.ts";

/** Contexts that filters can use, added to the channel or not (lttng-ust 2.13.6, lttng-modules 2.13.9). */
const NAMESPACES = "cgroup_ns ipc_ns mnt_ns net_ns pid_ns time_ns user_ns uts_ns";
const USABLE: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  [
    "ust",
    words(`procname vpid vtid pthread_id cpu_id vuid veuid vsuid vgid vegid vsgid ${NAMESPACES}`),
  ],
  [
    "kernel",
    words(
      `procname pid tid ppid vpid vtid vppid prio nice hostname cpu_id interruptible preemptible need_reschedule migratable ${NAMESPACES}`,
    ),
  ],
]);

function words(text: string): ReadonlySet<string> {
  return new Set(text.split(" "));
}

/**
 * Where the tracers that recorded these event classes part from the plain meaning of a filter that LTTng accepts, in the
 * order of the text.
 */
export function tracerRemarks(
  program: Program,
  environments: Iterable<LinkEnvironment>,
): readonly PortabilityRemark[] {
  const known = [...environments];
  const domains = new Set(known.map(({ traceClass }) => traceClass.environment.get("domain")));
  const remarks = tracerDefects(program.ast, (reference) => tracerType(reference, known)).map(
    ({ message, start, end }): PortabilityRemark => ({ effect: "differs", message, start, end }),
  );
  for (const node of nodesOf(program.ast)) {
    if (node.kind === "float" && domains.has("kernel"))
      remarks.push(never("the kernel tracer knows no floating-point numbers", node));
    if (node.kind === "reference") remarks.push(...contextRemarks(node, domains));
    if (comparesLabels(node, known))
      remarks.push(never("tracers do not compare enumerations with labels", node));
  }
  return remarks.sort((a, b) => a.start - b.start);
}

/** Whether a text stands beside a field whose values have labels. */
function comparesLabels(node: Expression, environments: readonly LinkEnvironment[]): boolean {
  if (node.kind !== "binary" && node.kind !== "in") return false;
  const sides = node.kind === "in" ? [node.left, ...node.list] : [node.left, node.right];
  return (
    sides.some(({ kind }) => kind === "string") &&
    sides.some((side) => side.kind === "reference" && hasLabels(side, environments))
  );
}

function hasLabels(reference: Reference, environments: readonly LinkEnvironment[]): boolean {
  const symbol = symbolOf(reference);
  return environments.some((env) => {
    const found = resolve(symbol, env);
    if (found.kind !== "field") return false;
    const { fieldClass } = found.field;
    return fieldClass.kind === "integer" && fieldClass.mappings !== undefined;
  });
}

function contextRemarks(
  node: Reference,
  domains: ReadonlySet<unknown>,
): readonly PortabilityRemark[] {
  const [root, context] = stepsOf(node);
  if (root?.name === "$app" && domains.has("kernel"))
    return [never("the kernel tracer knows no $app contexts", node)];
  if (root?.name !== "$ctx" || context === undefined) return [];
  return [...USABLE].flatMap(([domain, names]) =>
    domains.has(domain) && !names.has(context.name)
      ? [never(`the ${domain} tracer cannot filter by $ctx.${context.name}`, node)]
      : [],
  );
}

function tracerType(reference: Reference, environments: readonly LinkEnvironment[]): TracerType {
  const symbol = symbolOf(reference);
  for (const env of environments) {
    const found = resolve(symbol, env);
    if (found.kind === "element") {
      const { fieldClass } = found.field;
      const element = fieldClass.kind === "array" ? fieldClass.element : fieldClass;
      return element.kind === "integer" && !element.signed ? "unsigned" : "signed";
    }
    if (found.kind === "field") return found.load === "integer" ? "signed" : found.load;
  }
  return "unknown";
}

function never(message: string, { start, end }: { start: number; end: number }): PortabilityRemark {
  return { effect: "never matches", message, start, end };
}
