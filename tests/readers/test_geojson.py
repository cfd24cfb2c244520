"""Features of geojson, in GDAL, Shapely and geojson: every geometry is the one that the store holds."""

import json

import geojson
import pyogrio
import pytest
import shapely


ALL = ["--allow-lossy"]


@pytest.fixture
def features(export, native_rows):
    folder, manifest = export("out", "geojson", *ALL)
    collection = geojson.loads((folder / "features.geojson").read_text())
    assert collection.is_valid, collection.errors()
    return folder, manifest, collection["features"]


def test_shapely_reads_the_geometry_that_the_store_holds(features, native_rows):
    _, _, found = features
    stored = {}
    for row in native_rows:
        for project in row["projects"].values():
            for label in project["labels"]:
                for one in label["annotations"].get("objects", []):
                    if "geojson" in one:
                        stored[one["feature_id"]] = (one["name"], one["geojson"], label["id"])
    drawn = [feature for feature in found if feature["geometry"]]
    for feature in drawn:
        name, geometry, label_id = stored[feature["id"]]
        shape = shapely.geometry.shape(feature["geometry"])
        assert shape.equals(shapely.geometry.shape(geometry)) and shape.is_valid
        assert (feature["properties"]["name"], feature["properties"]["label_id"]) == (name, label_id)
        if shape.geom_type == "Polygon":
            assert shape.exterior.is_ccw and not any(ring.is_ccw for ring in shape.interiors)
    labels = {feature["properties"]["label_id"] for feature in found}
    assert {feature["id"] for feature in drawn} == {key for key, (_, _, label) in stored.items() if label in labels}
    assert len(drawn) > 15 and {feature["geometry"]["type"] for feature in drawn} == {"Point", "LineString", "Polygon"}


def test_gdal_reads_as_many_features_and_their_answers(features, tmp_path):
    folder, manifest, found = features
    info = pyogrio.read_info(folder / "features.geojson")
    assert info["features"] == len(found) and info["crs"] == "EPSG:4326"
    assert {"name", "data_row_id", "answer.roof", "answer.remark"} <= set(info["fields"])
    kept = sum(
        loss["count"] for loss in manifest["notices"]["losses"] if loss["outcome"] == "kept" and loss["what"].startswith("Geo")
    )
    assert kept == sum(feature["geometry"] is not None for feature in found)


def test_lines_are_the_same_features(features, export):
    _, _, found = features
    folder, _ = export("lines", "geojson", *ALL, "--format-option", "lines=yes")
    lines = [json.loads(line) for line in (folder / "features.geojsonl").read_text().splitlines()]
    assert lines == json.loads(json.dumps(found))
    assert pyogrio.read_info(folder / "features.geojsonl")["features"] == len(lines)
