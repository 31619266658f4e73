import { isSelected } from "../base/glob.ts";
import type { TraceOrigin } from "../base/item.ts";
import { counted } from "../base/text.ts";
import type { TraceClass } from "../ctf/trace-class.ts";
import { linkEnvironments } from "../feed/environments.ts";
import { openFeed } from "../feed/feed.ts";
import type { ContainerFilter, Program } from "../filter/bytecode.ts";
import { compileFilter } from "../filter/compile.ts";
import { describeCondition } from "../filter/container-condition.ts";
import { type Coverage, coverage, describeCoverage } from "../filter/coverage.ts";
import { explainLinked, explain as explainProgram } from "../filter/explain.ts";
import { link } from "../filter/link.ts";
import type { PortabilityRemark } from "../filter/portable.ts";
import type { LinkEnvironment } from "../filter/resolve.ts";
import { unknownSymbols } from "../filter/symbols.ts";
import { tracerRemarks } from "../filter/tracer-remarks.ts";
import { explainQuery } from "../language/explain.ts";
import { queryText } from "../language/named-queries.ts";
import { hasStages } from "../language/parse-query.ts";
import { planQuery } from "../language/plan.ts";
import { KernelSizes } from "../scan/kernel/size.ts";
import { warn } from "./report.ts";
import { Selectivity } from "./selectivity.ts";

/** How long a live session may take to declare its event classes. */
const METADATA_TIMEOUT = 5000;

/** `tracewire explain`: what a filter means, and what becomes of it for each kind of event class. */
export async function explain(
  source: string,
  expression: string,
  options: { readonly event: readonly string[]; readonly queries?: string },
): Promise<void> {
  const text = queryText(expression, options.queries);
  if (hasStages(text)) {
    await explainStages(source, text, options.event);
    return;
  }
  const program = compileFilter(text);
  const { expression: canonical, tree, code, remarks } = explainProgram(program);
  const sections = [
    section("Filter", canonical),
    ...(program.containers === undefined
      ? []
      : [section("Containers, decided behind the scan", describeContainers(program.containers))]),
    section("Syntax tree", tree),
    section("Bytecode", code),
  ];
  const { traceClasses, selectivity } = await look(source, program, options.event);
  const all = [...linkEnvironments(traceClasses)];
  const unknown = unknownSymbols(program, all);
  for (const { symbol, nearest } of unknown) {
    warn(
      `no event class has ${symbol}${nearest === undefined ? "" : `; did you mean ${nearest}?`}`,
    );
  }
  const environments = all.filter(({ eventClass: { name } }) => isSelected(options.event, name));
  sections.push(...linkedSections(program, environments));
  const covered = coverage(program, environments);
  sections.push(section("Coverage", coverageText(covered)));
  if (unknown.length === 0 && covered.never === covered.classes && covered.classes > 0)
    warn(describeCoverage(covered) ?? "");
  if (selectivity !== undefined) sections.push(section("Selectivity", String(selectivity)));
  sections.push(section("LTTng", lttngText(remarks, tracerRemarks(program, environments))));
  process.stdout.write(sections.join("\n"));
}

/** What a query with stages reads, what the scan decides of it, and what is done with the rows. */
async function explainStages(
  source: string,
  text: string,
  events: readonly string[],
): Promise<void> {
  const planned = planQuery(text, { events });
  const { filter } = planned.question;
  const { traceClasses, selectivity } = await look(source, filter, planned.question.events);
  const explained = explainQuery(planned, traceClasses);
  const steps = explained.steps.map((step, i) => `${i + 1}. ${step}`);
  const sections = [
    section("Reads the events", explained.events),
    ...optional("Where, decided in the scan", explained.filter),
    ...optional("Of the containers, decided behind the scan", explained.containers),
    section("Takes the columns", explained.columns),
    ...optional("Then", steps.length === 0 ? undefined : steps.join("\n")),
    section("Gives", explained.result),
  ];
  const environments = [...linkEnvironments(traceClasses)].filter(({ eventClass: { name } }) =>
    isSelected(planned.question.events, name),
  );
  if (filter !== undefined && filter.passesAll !== true) {
    sections.push(...linkedSections(filter, environments));
    if (selectivity !== undefined) sections.push(section("Selectivity", String(selectivity)));
  }
  process.stdout.write(sections.join("\n"));
}

function optional(title: string, body: string | undefined): string[] {
  return body === undefined ? [] : [section(title, body)];
}

/** The linked code for each kind of class, and what the kernel makes of it. */
function linkedSections(program: Program, environments: readonly LinkEnvironment[]): string[] {
  const byForm = new Map<string, LinkEnvironment[]>();
  for (const environment of environments) {
    const { name } = environment.eventClass;
    const form = explainLinked(link(program, environment)).replaceAll(` in ${name}`, "");
    const alike = byForm.get(form) ?? [];
    alike.push(environment);
    byForm.set(form, alike);
  }
  const sizes = new KernelSizes(program);
  return [...byForm].map(([form, alike]) => {
    const names = alike.map(({ eventClass }) => eventClass.name);
    const title = `Linked for ${counted(names.length, "event class")}: ${some(names)}`;
    const isNever = link(program, alike[0]!).verdict === "never";
    return section(
      title,
      isNever ? form : `${form.trimEnd()}\n${kernelText(alike.map((one) => sizes.of(one)))}`,
    );
  });
}

function kernelText(sizes: readonly (number | undefined)[]): string {
  const compiled = sizes.filter((size) => size !== undefined);
  if (compiled.length < sizes.length)
    return "kernel: interpreted, since each record decides the types";
  const least = compiled.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const most = compiled.reduce((a, b) => Math.max(a, b), 0);
  return `kernel: ${least === most ? most : `${least} to ${most}`} bytes of WebAssembly a class, walk and filter`;
}

/** Whether the expression can be pasted behind `lttng enable-event --filter`. */
function lttngText(
  remarks: readonly PortabilityRemark[],
  ofTracers: readonly PortabilityRemark[],
): string {
  const messages = (list: readonly PortabilityRemark[]): string[] => [
    ...new Set(list.map(({ message }) => message)),
  ];
  if (remarks.some(({ effect }) => effect === "refused")) {
    const refused = messages(remarks.filter(({ effect }) => effect === "refused"));
    return ["refuses it:", ...refused].join("\n");
  }
  const parted = messages([...remarks, ...ofTracers]);
  if (parted.length === 0) return "accepts it: lttng enable-event --filter";
  return ["accepts it, but its tracers keep other events:", ...parted].join("\n");
}

function coverageText(covered: Coverage): string {
  const { classes, always, evaluate, never, missing, clashes, suggestion } = covered;
  const lines = [
    `${counted(classes, "event class")}: each record decides in ${evaluate}, all pass in ${always}, none can in ${never}`,
    ...missing.map(({ name, events }) => `no ${name} in ${events.length}: ${some(events)}`),
    ...clashes.map(({ reason, events }) => `${reason} in ${events.length}: ${some(events)}`),
  ];
  if (suggestion !== undefined)
    lines.push(`would match in ${suggestion.gains} more: ${suggestion.expression}`);
  return lines.join("\n");
}

function section(title: string, body: string): string {
  return `${title}\n${body.trimEnd().replaceAll(/^/gm, "  ")}\n`;
}

function some(names: readonly string[]): string {
  const shown = [...new Set(names)].slice(0, 6).join(", ");
  return names.length > 6 ? `${shown} …` : shown;
}

/**
 * The trace classes of a source, as far as they are known before its first packet; of a recorded one also how much of a
 * sample the filter keeps.
 */
function look(
  source: string,
  program: Program | undefined,
  events: readonly string[],
): Promise<{ traceClasses: TraceClass[]; selectivity: Selectivity | undefined }> {
  const feed = openFeed([source], { from: "now" });
  const classes = new Map<TraceOrigin, TraceClass>();
  const isMeasured = !feed.isLive && program !== undefined && program.passesAll !== true;
  const selectivity = isMeasured ? new Selectivity(program, events) : undefined;
  return new Promise((resolve, reject) => {
    const done = (): void => {
      clearTimeout(timer);
      subscription.unsubscribe();
      resolve({ traceClasses: [...classes.values()], selectivity });
    };
    const timer = feed.isLive ? setTimeout(done, METADATA_TIMEOUT) : undefined;
    const subscription = feed.share().items.subscribe({
      next: (item) => {
        if (item.kind === "trace-class") classes.set(item.trace, item.traceClass);
        selectivity?.take(item);
        // By the first packet, the metadata of all traces that were there at attach have come.
        const isKnown = item.kind === "packet" && classes.size > 0;
        if (isKnown && (selectivity?.isDone ?? true)) queueMicrotask(done);
      },
      error: (error) => {
        clearTimeout(timer);
        reject(error);
      },
      complete: done,
    });
  });
}

/** What is asked of containers, and where that decides it, of events. */
function describeContainers({ required, cases }: ContainerFilter): string {
  const own = required === undefined ? [] : [describeCondition(required)];
  const others = cases.map(
    ({ condition, event }) => `if ${describeCondition(condition)}: ${event.text}`,
  );
  return [...own, ...others].join("\n");
}
