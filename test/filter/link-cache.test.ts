import { suite } from "uvu";
import * as assert from "uvu/assert";
import { compileFilter } from "../../src/filter/compile.ts";
import { link } from "../../src/filter/link.ts";
import { LinkCache } from "../../src/filter/link-cache.ts";
import { integer, LAB, labWith } from "./lab-event.ts";

const test = suite("filter/link-cache");
const member = (
  name: string,
  size: 8 | 32 = 32,
): { name: string; fieldClass: ReturnType<typeof integer> } => ({
  name,
  fieldClass: integer(size, true),
});
/** The same names at other places, of other sizes, beside others, and not at all. */
const CLASSES = [
  LAB,
  labWith([member("k")]),
  labWith([member("k"), member("other")]),
  labWith([member("other"), member("k")]),
  labWith([member("k", 8), member("other")]),
  labWith([member("other")]),
  labWith([]),
].map(({ eventClass }) => ({ ...LAB, eventClass }));

for (const text of ["k == 1", "k? == 1 || other? == 2", "$ctx.vpid? == 3 || k? < 1", "1"]) {
  test(`gives what linking gives: ${text}`, () => {
    const program = compileFilter(text);
    const cache = new LinkCache(program);
    // Twice, so that whatever is kept is given.
    for (const env of [...CLASSES, ...CLASSES])
      assert.equal(cache.of(env), link(program, env), text);
  });
}

test("links once what it links to alike", () => {
  const cache = new LinkCache(compileFilter("k == 1"));
  const { streamClass, traceClass } = LAB;
  const alone = labWith([member("k")]).eventClass;
  const beside = labWith([member("k"), member("other")]).eventClass;
  const first = cache.of({ traceClass, streamClass, eventClass: alone });
  assert.is(cache.of({ traceClass, streamClass, eventClass: beside }), first);
});

test.run();
