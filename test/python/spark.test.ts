/** Spark over two servers gives what one process gives. It needs a minute and Java 17: outside continuous integration, `TRACEWIRE_SPARK=1` runs it. */

import { suite } from "uvu";
import { needs } from "../support/needs.ts";
import { pytest } from "../support/python.ts";

const base = suite("python/spark");

const isWanted =
  process.env["TRACEWIRE_REQUIRE"] === "all" || process.env["TRACEWIRE_SPARK"] !== undefined;
const test = isWanted ? needs(base, ["python3:pytest", "python3:pyspark", "java"]) : base.skip;
if (!isWanted) console.log("skipped: TRACEWIRE_SPARK=1 runs Spark");

test("passes test_spark.py", () => pytest("tests/test_spark.py"));

base.run();
