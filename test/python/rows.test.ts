/** The Python package gives the rows that `tail` prints, to five consumers, recorded and live; and is typed. */

import { join } from "node:path";
import { suite } from "uvu";
import { needs } from "../support/needs.ts";
import { PACKAGE, pytest, python } from "../support/python.ts";

const base = suite("python/rows");

needs(base, ["python3:pytest", "python3:pyarrow"])("passes test_rows.py", () =>
  pytest("tests/test_rows.py"),
);

needs(base, ["python3:mypy"])("is typed strictly", () => {
  const config = ["--cache-dir=/dev/null", "--config-file", join(PACKAGE, "pyproject.toml")];
  return python("-m", "mypy", ...config, join(PACKAGE, "src/tracewire"));
});

base.run();
