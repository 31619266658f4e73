/** Ranges of many servers' sources, from Python and in Dask. */

import { suite } from "uvu";
import { needs } from "../support/needs.ts";
import { pytest } from "../support/python.ts";

const base = suite("python/parts");

needs(base, ["python3:pytest", "python3:pyarrow", "python3:dask.dataframe"])(
  "passes test_parts.py and test_retries.py",
  () => pytest("tests/test_parts.py", "tests/test_retries.py"),
);

base.run();
