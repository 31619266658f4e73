/** Queries of the Python package end with their client, and errors are the server's; its examples run. */

import { suite } from "uvu";
import { needs } from "../support/needs.ts";
import { pytest } from "../support/python.ts";

const base = suite("python/ends");
const test = needs(base, ["python3:pytest", "python3:pyarrow"]);

test("passes test_ends.py, test_errors.py and test_strange_servers.py", () =>
  pytest("tests/test_ends.py", "tests/test_errors.py", "tests/test_strange_servers.py"));

test("passes test_arguments.py", () => pytest("tests/test_arguments.py"));

test("runs the examples of its documentation", () => pytest("src"));

base.run();
