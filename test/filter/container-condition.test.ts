/** Terms of containers are taken out of a filter; what is left is the scan's, and both together say what was written. */

import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { ContainerFacts } from "../../src/column/request.ts";
import { compileFilter } from "../../src/filter/compile.ts";
import { describeCondition, holds } from "../../src/filter/container-condition.ts";
import { print } from "../../src/filter/print.ts";

const test = suite("filter/container-condition");

/** A filter, what is left of it for the scan, and what it asks of containers. */
const SPLITS: readonly (readonly [string, string, string])[] = [
  ['$container.name == "a"', "1", '$container.name == "a"'],
  ['ret < 0 && $container.name == "a"', "ret < 0", '$container.name == "a"'],
  ['"a" == $container.name && ret < 0', "ret < 0", '$container.name == "a"'],
  [
    'x == 1 && $container.name != "a" && (y || z) && $container.type in ("b", "c*")',
    "x == 1 && (y || z)",
    '!($container.name == "a") && $container.type in ("b", "c*")',
  ],
  [
    '(x == 1 && ($container.name == "a" || !($container.id == "f*"))) && y',
    "x == 1 && y",
    '$container.name == "a" || !($container.id == "f*")',
  ],
];

for (const [text, rest, condition] of SPLITS) {
  test(`parts ${text}`, () => {
    const program = compileFilter(text);
    assert.is(print(program.ast), rest);
    assert.is(describeCondition(program.containers!.required!), condition);
    assert.is(program.text, text);
  });
}

test("a filter without containers is left whole", () => {
  const program = compileFilter("a && b || c");
  assert.is(program.containers, undefined);
  assert.is(print(program.ast), "a && b || c");
});

const WEB: ContainerFacts = { name: "web-1", type: "docker", id: undefined };

for (const [text, expected] of [
  ['$container.name == "web-1"', true],
  ['$container.name == "web"', false],
  ['$container.name == "web*"', true],
  ['$container.name == "*-1"', true],
  ['$container.name == "w*1"', true],
  ['$container.name == "web\\\\*"', false],
  ['$container.name != "web*"', false],
  ['$container.type in ("lxc", "docker")', true],
  ['$container.type in ("lxc", "podman")', false],
  ['$container.id == ""', true],
  ['$container.id == "abc"', false],
  ['$container.name == "web*" && $container.type == "lxc"', false],
  ['$container.name == "web*" || $container.type == "lxc"', true],
  ['!($container.name == "web*" && $container.type == "lxc")', true],
] as const) {
  test(`${text} is ${expected} of web-1`, () => {
    assert.is(
      holds(compileFilter(text.replace("\\\\", "\\")).containers!.required!, WEB),
      expected,
    );
  });
}

test.run();
