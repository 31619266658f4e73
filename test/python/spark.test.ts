/**
 * Spark over two servers gives what one process gives. Its readers are tested by themselves; the whole of it needs a minute and Java 17:
 * outside continuous integration, `TRACEWIRE_SPARK=1` runs it.
 */

import { suite } from "uvu";
import { needs } from "../support/needs.ts";
import { pytest } from "../support/python.ts";

const base = suite("python/spark");
const parts = ["python3:pytest", "python3:pyspark"];

needs(base, parts)("passes test_spark_stream.py and test_pushed.py", () =>
  pytest("tests/test_spark_stream.py", "tests/test_pushed.py"),
);

const isWanted =
  process.env["TRACEWIRE_REQUIRE"] === "all" || process.env["TRACEWIRE_SPARK"] !== undefined;
const test = isWanted ? needs(base, [...parts, "java"]) : base.skip;
if (!isWanted) console.log("skipped: TRACEWIRE_SPARK=1 runs Spark");

test("passes test_spark.py", () => pytest("tests/test_spark.py"));

base.run();
