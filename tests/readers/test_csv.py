"""The long tables of csv, in pandas and DuckDB."""

import json
import zipfile

import duckdb
import pandas
import pytest

TABLES = ["data_rows", "projects", "model_runs", "labels", "annotations", "answers", "metadata"]


def count_annotations(manifest):
    return sum(annotations["count"] for annotations in manifest["annotations"])


def count_lost(manifest):
    losses = manifest["notices"].get("losses", [])
    return sum(loss["count"] for loss in losses if loss["what"] == "annotation" and loss["outcome"] == "left_out")


def boxes_of(rows):
    """Every bounding box of an image label, by label and annotation."""
    found = {}
    for row in rows:
        for project in row["projects"].values():
            for label in project["labels"]:
                for annotation in label["annotations"].get("objects", []):
                    if isinstance(annotation, dict) and "bounding_box" in annotation:
                        found[label["id"], annotation["feature_id"]] = annotation["bounding_box"]
    return found


def test_pandas_reads_every_table_of_a_zip(export):
    path, manifest = export("out.zip", "csv")
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["croissant.json", *(f"{table}.csv" for table in TABLES)]
        tables = {table: pandas.read_csv(archive.open(f"{table}.csv"), dtype=str) for table in TABLES}
    assert len(tables["data_rows"]) == manifest["rows"]
    labels = manifest["labels"] + manifest["run_labels"] + manifest["predictions"]
    assert len(tables["labels"]) == labels
    assert len(tables["annotations"]) + count_lost(manifest) == count_annotations(manifest)
    assert set(tables["annotations"]["label_id"]) <= set(tables["labels"]["label_id"])


def test_duckdb_reads_what_the_store_holds(export, native_rows):
    folder, manifest = export("out", "csv")
    count = duckdb.sql(f"select count(*) from read_csv('{folder}/annotations.csv')").fetchall()[0][0]
    assert count + count_lost(manifest) == count_annotations(manifest)
    found = duckdb.sql(
        f"""select label_id, annotation_id, "left", top, width, height from read_csv('{folder}/annotations.csv')
            where "left" is not null and frame is null and source = 'label' and project_id is not null"""
    ).fetchall()
    expected = boxes_of(native_rows)
    assert {(label, annotation): box for label, annotation, *box in found} == {
        key: [box["left"], box["top"], box["width"], box["height"]] for key, box in expected.items()
    }
    assert len(expected) > 40


def test_answers_join_their_annotations(export):
    folder, _ = export("out", "csv")
    orphans = duckdb.sql(
        f"""select count(*) from read_csv('{folder}/answers.csv') a
            left join read_csv('{folder}/annotations.csv') n
            on n.annotation_id = a.annotation_id and n.label_id = a.label_id and n.frame is not distinct from a.frame
            where n.annotation_id is null"""
    ).fetchall()[0][0]
    assert orphans == 0


def test_nested_questions_join_the_answer_that_leads_to_them(export):
    folder, _ = export("out", "csv")
    nested, joined = duckdb.sql(
        f"""select count(*), count(a.answer_id) from read_csv('{folder}/annotations.csv', all_varchar=true) n
            left join read_csv('{folder}/answers.csv', all_varchar=true) a
            on a.answer_id = n.parent_answer_id and a.annotation_id = n.parent_id and a.label_id = n.label_id
            and a.frame is not distinct from n.frame
            where n.parent_answer_id is not null"""
    ).fetchall()[0]
    assert nested == joined > 0


def test_texts_come_back_as_they_are_apart_from_formulas(export, native_rows):
    folder, _ = export("out", "csv")
    frame = pandas.read_csv(folder / "data_rows.csv", dtype=str, keep_default_na=False).set_index("data_row_id")
    for row in native_rows:
        data = row["data_row"]
        written = frame.loc[data["id"]]
        row_data = data["row_data"] if isinstance(data["row_data"], str) else json.dumps(data["row_data"])
        assert written["row_data"] in (row_data, "'" + row_data), data["id"]
        assert written["external_id"] == data.get("external_id", "")
        assert json.loads(written["media_attributes"]) == row["media_attributes"]


def test_a_byte_order_mark_is_there_when_asked_for(export):
    folder, _ = export("out", "csv", "--format-option", "bom=yes")
    assert (folder / "labels.csv").read_bytes().startswith(b"\xef\xbb\xbfdata_row_id,")
    assert pandas.read_csv(folder / "labels.csv").columns[0] == "data_row_id"


@pytest.mark.parametrize("name", ["out.zip", "out.tar", "out"])
def test_every_package_has_the_same_manifest(export, name):
    _, first = export("first.zip", "csv")
    _, second = export(name, "csv")
    assert first == second
