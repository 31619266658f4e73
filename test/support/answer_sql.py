"""Answers SQL over one Arrow file: a line of JSON for each line of SQL. `answer_sql.py FILE`"""

import json
import math
import sys

import duckdb
import pyarrow.ipc

rows = pyarrow.ipc.open_stream(sys.argv[1]).read_all()
connection = duckdb.connect()
connection.execute("SET threads = 1; SET TimeZone = 'UTC'")
connection.register("arrow_rows", rows)
connection.execute("CREATE TABLE rows AS SELECT * FROM arrow_rows")


def plain(value):
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, int) and abs(value) > 2**53:
        return str(value)
    if isinstance(value, list):
        return [plain(one) for one in value]
    return value


for line in sys.stdin:
    answer = connection.execute(line).fetchall()
    print(json.dumps([[plain(value) for value in row] for row in answer]), flush=True)
