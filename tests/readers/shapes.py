"""What the native rows say is drawn: what files of other formats are compared with."""


def objects_of(native_rows, rows, key):
    """Every shape of the labels that were written: by row, or by row and frame of a video."""
    found = {}
    for row in native_rows:
        row_id = row["data_row"]["id"]
        for project in row["projects"].values():
            for label in project["labels"]:
                if label["id"] != rows.get(row_id, {}).get("label_id"):
                    continue
                annotations = label["annotations"]
                places = {None: annotations.get("objects", [])}
                for frame, content in annotations.get("frames", {}).items():
                    places[int(frame)] = list(content["objects"].values())
                for frame, objects in places.items():
                    if shapes := [(one["feature_id"], one["name"], one[key]) for one in objects if key in one]:
                        found[row_id, frame] = shapes
    return found


def ring_of(points):
    """The corners without the first one again at the end, and without what is not a number of theirs."""
    return [side for point in points[:-1] for side in (point["x"], point["y"])]


def labels_of(native_rows):
    """Every label of a project, by id."""
    return {label["id"]: label for row in native_rows for project in row["projects"].values() for label in project["labels"]}


def bounds_of(one):
    """The left, upper, right and lower side of the box around a box or a polygon."""
    if "bounding_box" in one:
        box = one["bounding_box"]
        return [box["left"], box["top"], box["left"] + box["width"], box["top"] + box["height"]]
    xs, ys = ([point[side] for point in one["polygon"]] for side in "xy")
    return [min(xs), min(ys), max(xs), max(ys)]
