"""Copies rows from DuckDB as nested JSON; prints seconds and rows. The rows are in its own tables beforehand."""

import sys
import tempfile
import time
from pathlib import Path

import duckdb

with tempfile.TemporaryDirectory() as folder:
    database = duckdb.connect(str(Path(folder) / "rows.duckdb"))
    database.execute(
        "create table rows as select * from read_json(?, format='newline_delimited', maximum_object_size=67108864)",
        [sys.argv[1]],
    )
    out = Path(folder) / "out.ndjson"
    started = time.perf_counter()
    database.execute(f"copy (select * from rows) to '{out}' (format json)")
    seconds = time.perf_counter() - started
    count = database.execute("select count(*) from rows").fetchone()[0]
print(seconds, count)
