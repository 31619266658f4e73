import type { EventClass, StreamClass, TraceClass } from "../../../ctf/trace-class.ts";
import { hasPacketContextText, recordHead, tracePrefix } from "../../record-text.ts";
import type { KernelColumn } from "../memory/columns.ts";
import { emitRender, renderShape, type WordsOf } from "../text/render-emitter.ts";
import type { RenderCompiler } from "../text/render-program.ts";
import { isRenderableBy } from "./record-emitter.ts";
import type { Unit } from "./unit.ts";

/** The render programs of a trace's event classes, for the columns that are rendered. */
export class ClassPrograms {
  readonly #columns: readonly KernelColumn[];
  readonly #renderer: RenderCompiler;
  readonly #traceClass: TraceClass;
  readonly #programs = new WeakMap<EventClass, Map<number, number>>();

  constructor(columns: readonly KernelColumn[], renderer: RenderCompiler, traceClass: TraceClass) {
    this.#columns = columns;
    this.#renderer = renderer;
    this.#traceClass = traceClass;
  }

  /** The render programs of a class, by the constants that name them. */
  of(streamClass: StreamClass, eventClass: EventClass): Map<number, number> {
    let programs = this.#programs.get(eventClass);
    if (programs !== undefined) return programs;
    programs = new Map();
    for (const column of this.#columns) {
      if (column.kind === "rendered" && isRenderableBy(column, streamClass, eventClass))
        programs.set(column.constant, this.#program(column, streamClass, eventClass));
    }
    this.#programs.set(eventClass, programs);
    return programs;
  }

  /** The render program of a class for a column. */
  #program(
    { column, style }: KernelColumn & { kind: "rendered" },
    streamClass: StreamClass,
    eventClass: EventClass,
  ): number {
    const renderer = this.#renderer;
    if (column.request.kind === "record") {
      const head = recordHead(tracePrefix(this.#traceClass), eventClass);
      const scopes = [streamClass.commonContext, eventClass.specificContext, eventClass.payload];
      return renderer.record(
        head,
        hasPacketContextText(streamClass),
        scopes.filter((scope) => scope !== undefined),
      );
    }
    if (eventClass.payload !== undefined) return renderer.scope(style, eventClass.payload);
    return renderer.constant(style === "json" ? "{}" : "");
  }

  shapeOf(program: number): string {
    return renderShape(this.#renderer.wordsOf(program), (nested) => this.#renderer.wordsOf(nested));
  }

  emit(unit: Unit, program: number): number {
    const renderer = this.#renderer;
    const wordsOf: WordsOf = (nested) => renderer.wordsOf(nested);
    return emitRender(unit, renderer.wordsOf(program), wordsOf);
  }
}
