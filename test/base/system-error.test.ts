/** What the system says where the language's runtime has no words for it. */

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { writeProblem } from "../../src/base/system-error.ts";

const test = suite("base/system-error");

test("a quota that is used up is named", () => {
  const error = new Error("UNKNOWN: unknown error, write");
  const quota = Object.assign(error, { code: "UNKNOWN", errno: -122, syscall: "write" });
  assert.is(writeProblem(quota), "EDQUOT: disk quota exceeded, write");
  const full = Object.assign(new Error("ENOSPC: no space left on device, write"), { errno: -28 });
  assert.is(writeProblem(full), "ENOSPC: no space left on device, write");
});

test.run();
