"""What rows of an export look like, key for key.

The order of keys is part of it: people diff exports as text.
"""

import re

import subjects

ID = re.compile(r"c[0-9a-z]{24}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00")

DETAILS = ["dataset_id", "dataset_name", "created_at", "updated_at", "last_activity_at", "created_by"]
ATTACHMENT = ["id", "type", "value", "name"]
METADATA = ["schema_id", "schema_name", "schema_kind", "value"]
OPTION = ["schema_id", "schema_name", "schema_kind"]
EMBEDDING = ["id", "name", "dimensions", "is_custom", "values"]
PROJECT_DETAILS = [
    "ontology_id",
    "batch_id",
    "batch_name",
    "workflow_status",
    "priority",
    "consensus_expected_label_count",
    "workflow_history",
]
LABEL_DETAILS = ["created_at", "updated_at", "created_by", "content_last_updated_at", "reviews"]
PERFORMANCE = ["seconds_to_create", "seconds_to_review", "skipped"]


def legible(annotations: dict) -> dict:
    """Annotations without ids: each id becomes the name of what it identifies, each mask :data:`subjects.MASK`."""
    names: dict[str, str] = {}
    collect_names(annotations, names)
    return without_ids(annotations, names)


def collect_names(value: object, names: dict[str, str]) -> None:
    if isinstance(value, dict):
        if "feature_id" in value:
            names[value["feature_id"]] = value["name"]
        for inner in value.values():
            collect_names(inner, names)
    elif isinstance(value, list):
        for inner in value:
            collect_names(inner, names)


def without_ids(value: object, names: dict[str, str]) -> object:
    if isinstance(value, list):
        return [without_ids(inner, names) for inner in value]
    if isinstance(value, str):
        return names.get(value, value)
    if not isinstance(value, dict):
        return value
    shown = {}
    for key, inner in value.items():
        if key in ("feature_id", "feature_schema_id"):
            assert ID.fullmatch(inner), f"{key} {inner!r} of {value.get('name')!r} is no id of 25 characters"
        elif key == "mask":
            assert list(inner) == ["url"], inner
            shown[key] = subjects.MASK
        elif key == "composite_mask":
            assert list(inner) == ["url", "color_rgb"] and len(inner["color_rgb"]) == 3, inner
            shown[key] = subjects.MASK
        else:
            shown[names.get(key, key)] = without_ids(inner, names)
    if "feature_id" in value:
        assert list(value)[:3] == ["feature_id", "feature_schema_id", "name"], list(value)
    return shown


def check_keys(found: dict, required: list[str], optional: tuple[str, ...] = ()) -> None:
    """All required keys, in order; beside them at most the optional ones."""
    keys = [key for key in found if key not in optional]
    assert keys == required, f"keys {list(found)}, expected {required} and perhaps {optional}"


def check_data_row(row: dict, has_details: bool) -> None:
    data_row = row["data_row"]
    check_keys(data_row, ["id", "row_data"] + ["details"] * has_details, ("external_id", "global_key"))
    assert ID.fullmatch(data_row["id"])
    if has_details:
        check_keys(data_row["details"], DETAILS)
        for key in ("created_at", "updated_at", "last_activity_at"):
            assert TIME.fullmatch(data_row["details"][key]), f"{key}: {data_row['details'][key]}"


def check_project(section: dict, has_details: bool, has_label_details: bool, has_performance: bool) -> None:
    """The section of one project in a row."""
    check_keys(section, ["name", "labels"] + ["project_details"] * has_details + ["project_tags"])
    if has_details:
        optional = ("task_id", "task_name", "selected_label_id")
        check_keys(section["project_details"], PROJECT_DETAILS, optional)
    for label in section["labels"]:
        sections = ["label_details"] * has_label_details + ["performance_details"] * has_performance
        check_keys(label, ["label_kind", "version", "id", *sections, "annotations"])
        assert label["version"] == "1.0.0" and ID.fullmatch(label["id"])
        if has_label_details:
            check_keys(label["label_details"], LABEL_DETAILS)
        if has_performance:
            check_keys(
                label["performance_details"],
                PERFORMANCE,
                (
                    "benchmark_reference_label",
                    "benchmark_score",
                    "consensus_score",
                    "consensus_label_count",
                    "consensus_labels",
                ),
            )


def check_run(section: dict, has_predictions: bool) -> None:
    """The section of one model run in a row."""
    required = ["name", "run_data_row_id", "labels"] + ["predictions"] * has_predictions
    check_keys(section, required, ("annotation_group_id", "split"))
    for label in section["labels"] + section.get("predictions", []):
        check_keys(label, ["label_kind", "version", "id", "annotations"])
