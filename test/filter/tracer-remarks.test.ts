import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { EventClass, TraceClass } from "../../src/ctf/trace-class.ts";
import { compileFilter } from "../../src/filter/compile.ts";
import { isPortable, portability } from "../../src/filter/portable.ts";
import { tracerRemarks } from "../../src/filter/tracer-remarks.ts";
import { LAB } from "./lab-event.ts";
import { MEASURED } from "./measured-cases.ts";

const test = suite("filter/tracer-remarks");

const effects = (text: string, env: { traceClass: TraceClass; eventClass: EventClass } = LAB) =>
  tracerRemarks(compileFilter(text), [{ ...LAB, ...env }]).map(({ effect }) => effect);

test("names every shape that the tracer was measured to evaluate wrongly", () => {
  const silent = MEASURED.filter(({ compile, matched_k, language_result }) => {
    return (
      compile === "accept" &&
      language_result !== undefined &&
      `${language_result}` !== `${matched_k}`
    );
  })
    .map(({ expr }) => expr)
    .filter((expr) => effects(expr).length === 0 && portability(compileFilter(expr)).length === 0);
  assert.equal(silent, []);
});

test("is silent on most of what the tracer evaluates rightly", () => {
  const right = MEASURED.filter(({ compile, language_result, expr }) => {
    return compile === "accept" && language_result === undefined && isPortable(compileFilter(expr));
  });
  const named = right.filter(({ expr }) => effects(expr).includes("differs"));
  assert.ok(named.length < right.length / 20, named.map(({ expr }) => expr).join("\n"));
});

test("knows what the tracers of a domain cannot filter by", () => {
  const environment = new Map(LAB.traceClass.environment).set("domain", "kernel");
  const kernel = { traceClass: { ...LAB.traceClass, environment }, eventClass: LAB.eventClass };
  assert.equal(effects("k < 1.5"), []);
  assert.equal(effects("k < 1.5", kernel), ["never matches"]);
  assert.equal(effects("$app.a:b == 1", kernel), ["never matches"]);
  assert.equal(effects("$ctx.prio == 1"), ["never matches"]);
  assert.equal(effects("$ctx.prio == 1 && $ctx.pid_ns != 3", kernel), []);
});

test.run();
