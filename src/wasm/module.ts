import { ByteWriter } from "./bytes.ts";
import type { ValueType } from "./opcodes.ts";

export interface FunctionType {
  readonly parameters: readonly ValueType[];
  readonly results: readonly ValueType[];
}

const Section = { type: 1, import: 2, function: 3, export: 7, code: 10 } as const;
const FUNCTION_TYPE = 0x60;
const FUNCREF = 0x70;
const HEADER = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);

/**
 * A WebAssembly module under construction. Memory, table and constants are imported: several modules share a
 * memory, and one module serves many instances.
 * Imported functions are numbered before own ones: declare them first.
 * @see WebAssembly Core Specification 2.0, §5.5
 */
export class ModuleBuilder {
  readonly #types: string[] = [];
  readonly #typeBytes: Uint8Array[] = [];
  readonly #imports: Uint8Array[] = [];
  readonly #exports: Uint8Array[] = [];
  readonly #functionTypes: number[] = [];
  readonly #bodies: Uint8Array[] = [];
  #importedFunctions = 0;
  #importedGlobals = 0;

  /** Number of a function type; equal types share one. */
  type({ parameters, results }: FunctionType): number {
    const key = `${parameters.join()}:${results.join()}`;
    const known = this.#types.indexOf(key);
    if (known !== -1) return known;
    const out = new ByteWriter().byte(FUNCTION_TYPE);
    for (const list of [parameters, results]) {
      out.unsigned(list.length);
      for (const type of list) out.byte(type);
    }
    this.#typeBytes.push(out.view().slice());
    return this.#types.push(key) - 1;
  }

  /** Pages are 64 KiB. A memory that threads share is declared with its maximum. */
  importMemory(module: string, name: string, minimumPages: number, sharedMaximum?: number): void {
    this.#import(module, name, (out) => {
      if (sharedMaximum === undefined) out.byte(2).byte(0).unsigned(minimumPages);
      else out.byte(2).byte(3).unsigned(minimumPages).unsigned(sharedMaximum);
    });
  }

  importTable(module: string, name: string, minimum: number): void {
    this.#import(module, name, (out) => out.byte(1).byte(FUNCREF).byte(0).unsigned(minimum));
  }

  importFunction(module: string, name: string, type: FunctionType): number {
    const typeIndex = this.type(type);
    this.#import(module, name, (out) => out.byte(0).unsigned(typeIndex));
    return this.#importedFunctions++;
  }

  /** A constant of each instance. Returns its number. */
  importGlobal(module: string, name: string, type: ValueType): number {
    this.#import(module, name, (out) => out.byte(3).byte(type).byte(0));
    return this.#importedGlobals++;
  }

  /** Adds a function; `body` is what `Code.body()` gives. Returns its number. */
  function(type: FunctionType, body: Uint8Array): number {
    const index = this.declare(type);
    this.define(index, body);
    return index;
  }

  /** The number of a function whose body follows, so that functions can call themselves and each other. */
  declare(type: FunctionType): number {
    return this.#importedFunctions + this.#functionTypes.push(this.type(type)) - 1;
  }

  define(functionIndex: number, body: Uint8Array): void {
    this.#bodies[functionIndex - this.#importedFunctions] = body;
  }

  exportFunction(name: string, functionIndex: number): void {
    this.#exports.push(new ByteWriter().name(name).byte(0).unsigned(functionIndex).view().slice());
  }

  bytes(): Uint8Array<ArrayBuffer> {
    const out = new ByteWriter().bytes(HEADER);
    section(out, Section.type, this.#typeBytes);
    section(out, Section.import, this.#imports);
    section(
      out,
      Section.function,
      this.#functionTypes.map((type) => new ByteWriter().unsigned(type).view()),
    );
    section(out, Section.export, this.#exports);
    section(
      out,
      Section.code,
      this.#bodies.map((body) => new ByteWriter().sized(body).view()),
    );
    return new Uint8Array(out.view());
  }

  #import(module: string, name: string, describe: (out: ByteWriter) => void): void {
    const out = new ByteWriter().name(module).name(name);
    describe(out);
    this.#imports.push(out.view().slice());
  }
}

/** A section is left out where it is empty. */
function section(out: ByteWriter, id: number, entries: readonly Uint8Array[]): void {
  if (entries.length === 0) return;
  const content = new ByteWriter().unsigned(entries.length);
  for (const entry of entries) content.bytes(entry);
  out.byte(id).sized(content.view());
}
