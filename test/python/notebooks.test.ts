/** The notebooks of `examples/` run in a real kernel; the widget and the cell magic do what they say. */

import { suite } from "uvu";
import { needs } from "../support/needs.ts";
import { pytest } from "../support/python.ts";

const base = suite("python/notebooks");
const modules = ["pytest", "pyarrow", "pandas", "anywidget", "nbclient", "ipykernel"];

needs(
  base,
  modules.map((module) => `python3:${module}`),
)("passes test_notebooks.py", () => pytest("tests/test_notebooks.py"));

base.run();
