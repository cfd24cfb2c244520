"""Copies rows from PostgreSQL, each built by jsonb_build_object and jsonb_agg; prints seconds and rows.

Rows, labels and boxes are in tables of their own beforehand, as a platform keeps them.
"""

import json
import sys
import tempfile
import time

import pgserver
import psycopg

with tempfile.TemporaryDirectory() as folder:
    server = pgserver.get_server(folder, cleanup_mode="delete")
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        connection.execute("create table data_rows (id text primary key, head jsonb, media jsonb)")
        connection.execute("create table labels (id text primary key, row_id text, project text, details jsonb, ordinal int)")
        connection.execute("create table boxes (label_id text, ordinal int, head jsonb, t float, l float, h float, w float)")
        count = 0
        rows, labels, boxes = [], [], []
        with open(sys.argv[1], encoding="utf-8") as lines:
            for line in lines:
                row = json.loads(line)
                count += 1
                rows.append((row["data_row"]["id"], json.dumps(row["data_row"]), json.dumps(row["media_attributes"])))
                for project, place in row["projects"].items():
                    for ordinal, label in enumerate(place["labels"]):
                        details = {key: label[key] for key in ("label_details", "performance_details") if key in label}
                        labels.append((label["id"], row["data_row"]["id"], project, json.dumps(details), ordinal))
                        for number, box in enumerate(label["annotations"]["objects"]):
                            place_of = box.pop("bounding_box")
                            sides = [place_of[side] for side in ("top", "left", "height", "width")]
                            boxes.append((label["id"], number, json.dumps(box), *sides))
        with connection.cursor() as cursor:
            for table, values in (("data_rows", rows), ("labels", labels), ("boxes", boxes)):
                with cursor.copy(f"copy {table} from stdin") as copy:
                    for value in values:
                        copy.write_row(value)
            connection.execute("create index on labels (row_id, ordinal)")
            connection.execute("create index on boxes (label_id, ordinal)")
            connection.execute("analyze")
            query = """
                copy (select jsonb_build_object('data_row', r.head, 'media_attributes', r.media, 'labels',
                    (select jsonb_agg(jsonb_build_object('id', l.id, 'details', l.details, 'annotations',
                        jsonb_build_object('objects', (select jsonb_agg(b.head || jsonb_build_object('bounding_box',
                            jsonb_build_object('top', b.t, 'left', b.l, 'height', b.h, 'width', b.w)) order by b.ordinal)
                            from boxes b where b.label_id = l.id))) order by l.ordinal)
                     from labels l where l.row_id = r.id))
                from data_rows r order by r.id) to stdout"""
            started = time.perf_counter()
            with cursor.copy(query) as copy:
                for _ in copy:
                    pass
            seconds = time.perf_counter() - started
    server.cleanup()
print(seconds, count)
