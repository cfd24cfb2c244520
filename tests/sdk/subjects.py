"""One subject for each of the nine data types: its rows, its ontology, what is drawn on it and what exports show of it.

Annotations are import lines, as the SDK sends them, without their data row. `shown` is the same drawing in an export
of a project, made legible by :func:`shapes.legible`: ids are gone, and where an id was a key there is a name.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field

from labelbox import Classification, MediaType, Option, Tool

import assets


def radio(name: str, *options: Option | str, scope: object = None) -> Classification:
    kind = Classification.Type.RADIO
    return Classification(class_type=kind, name=name, options=[as_option(o) for o in options], scope=scope)


def checklist(name: str, *options: Option | str, scope: object = None) -> Classification:
    kind = Classification.Type.CHECKLIST
    return Classification(class_type=kind, name=name, options=[as_option(o) for o in options], scope=scope)


def text(name: str, scope: object = None) -> Classification:
    return Classification(class_type=Classification.Type.TEXT, name=name, scope=scope)


def as_option(option: Option | str) -> Option:
    return Option(value=option) if isinstance(option, str) else option


def questions() -> list[Classification]:
    """The questions about the whole of a row, which every subject has."""
    daylight = radio("daylight", "overcast", "clear")
    return [
        radio("shift", Option(value="day", options=[daylight]), "night"),
        checklist("conditions", "wet", "crowded"),
        text("note"),
    ]


ANSWERS = [
    {
        "name": "shift",
        "answer": {"name": "day", "classifications": [{"name": "daylight", "answer": {"name": "overcast"}}]},
    },
    {"name": "conditions", "answer": [{"name": "wet"}, {"name": "crowded"}]},
    {"name": "note", "answer": "checked \u00abtwice\u00bb {ok}"},
]


def chosen(name: str, *classifications: dict) -> dict:
    return {"name": name, "value": name, "classifications": list(classifications)}


def radio_shown(name: str, option: str, *classifications: dict) -> dict:
    return {"name": name, "value": name, "radio_answer": chosen(option, *classifications)}


ANSWERS_SHOWN = [
    radio_shown("shift", "day", radio_shown("daylight", "overcast")),
    {"name": "conditions", "value": "conditions", "checklist_answers": [chosen("wet"), chosen("crowded")]},
    {
        "name": "note",
        "value": "note",
        "text_answer": {"content": "checked \u00abtwice\u00bb {ok}", "classifications": []},
    },
]


def drawn(name: str, kind: str, classifications: list | None = None, value: str = "", **geometry: object) -> dict:
    """An object of an export."""
    common = {"name": name, "value": value or name, "annotation_kind": kind}
    return {**common, "classifications": classifications or [], **geometry}


def lists(objects: list[dict], classifications: list[dict] | None = None, relationships: list | None = None) -> dict:
    """The annotations of a type that has no frames."""
    shown = ANSWERS_SHOWN + (classifications or [])
    return {"objects": objects, "classifications": shown, "relationships": relationships or []}


@dataclass(frozen=True)
class Subject:
    """A data type and what the suite does with it."""

    name: str
    media_type: str
    # The import items of its rows, given the address of the asset server. The last one is never labelled.
    rows: Callable[[str], list[dict]]
    tools: Callable[[], list[Tool]]
    # Given the address of the asset server.
    lines: Callable[[str], list[dict]]
    shown: dict
    media_attributes: dict
    label_kind: str = "Default"
    scoped: Callable[[], list[Classification]] = field(default=list)

    @property
    def enum(self) -> MediaType | None:
        """The media type of the SDK, if this version has it."""
        return next((kind for kind in MediaType if kind.value == self.media_type), None)


def by_url(path: str, **more: object) -> Callable[[str], list[dict]]:
    return lambda host: [{"row_data": f"{host}{path}?row={number}", **more} for number in range(3)]


BOX = {"top": 8.0, "left": 4.0, "height": 6.0, "width": 3.0}
LATER_BOX = {"top": 8.0, "left": 8.0, "height": 6.0, "width": 3.0}
LINE = [{"x": 1.0, "y": 2.0}, {"x": 3.5, "y": 4.0}]
POINT = {"x": 5.0, "y": 6.25}
RING = [{"x": 0.0, "y": 0.0}, {"x": 9.0, "y": 0.5}, {"x": 9.0, "y": 9.0}]
CLOSED = RING + RING[:1]
MASK = "a mask"


def boat_kind() -> Classification:
    return radio("boat_kind", "tug", "ferry")


TUG = [{"name": "boat_kind", "answer": {"name": "tug"}}]
TUG_SHOWN = [radio_shown("boat_kind", "tug")]

IMAGE = Subject(
    name="image",
    media_type="IMAGE",
    rows=by_url("/boat.png"),
    tools=lambda: [
        Tool(tool=Tool.Type.BBOX, name="boat", classifications=[boat_kind()]),
        Tool(tool=Tool.Type.POLYGON, name="Deck - Area"),
        Tool(tool=Tool.Type.LINE, name="rope"),
        Tool(tool=Tool.Type.POINT, name="lamp"),
        Tool(tool=Tool.Type.RASTER_SEGMENTATION, name="water"),
        Tool(tool=Tool.Type.RASTER_SEGMENTATION, name="sky"),
        Tool(tool=Tool.Type.RELATIONSHIP, name="moored at"),
    ],
    lines=lambda host: [
        {"name": "moored at", "relationship": {"source": "boat", "target": "deck", "type": "unidirectional"}},
        {"uuid": "boat", "name": "boat", "bbox": BOX, "classifications": TUG},
        {"uuid": "deck", "name": "Deck - Area", "polygon": RING},
        {"name": "rope", "line": LINE},
        {"name": "lamp", "point": POINT},
        {"name": "water", "mask": {"instanceURI": f"{host}/mask.png", "colorRGB": [255, 255, 255]}},
        {"name": "sky", "mask": {"png": assets.inline_png()}},
        *ANSWERS,
    ],
    shown=lists(
        [
            drawn("boat", "ImageBoundingBox", TUG_SHOWN, bounding_box=BOX),
            drawn("Deck - Area", "ImagePolygon", value="deck_area", polygon=CLOSED),
            drawn("rope", "ImagePolyline", line=LINE),
            drawn("lamp", "ImagePoint", point=POINT),
            drawn("water", "ImageSegmentationMask", mask=MASK, composite_mask=MASK),
            drawn("sky", "ImageSegmentationMask", mask=MASK, composite_mask=MASK),
        ],
        relationships=[
            drawn(
                "moored at",
                "ImageUnidirectionalRelationship",
                value="moored_at",
                unidirectional_relationship={"source": "boat", "target": "Deck - Area"},
            )
        ],
    ),
    media_attributes={
        "height": assets.HEIGHT,
        "width": assets.WIDTH,
        "asset_type": "image",
        "mime_type": "image/png",
        "exif_rotation": 1,
    },
)

VIDEO = Subject(
    name="video",
    media_type="VIDEO",
    label_kind="Video",
    rows=by_url("/clip.mp4"),
    tools=lambda: [
        Tool(tool=Tool.Type.BBOX, name="boat", classifications=[boat_kind()]),
        Tool(tool=Tool.Type.POINT, name="buoy"),
        Tool(tool=Tool.Type.LINE, name="wake"),
    ],
    scoped=lambda: [radio("gate", "open", "shut", scope=Classification.Scope.INDEX)],
    lines=lambda host: [
        {
            "name": "boat",
            "segments": [
                {"keyframes": [{"frame": 3, "bbox": BOX, "classifications": TUG}, {"frame": 7, "bbox": LATER_BOX}]}
            ],
        },
        {"name": "buoy", "segments": [{"keyframes": [{"frame": 3, "point": POINT}]}]},
        {"name": "wake", "segments": [{"keyframes": [{"frame": 5, "line": LINE}]}]},
        {"name": "gate", "answer": {"name": "open"}, "frames": [{"start": 3, "end": 9}, {"start": 14, "end": 15}]},
        *ANSWERS,
    ],
    shown={
        "frames": {
            "3": {
                "objects": {
                    "boat": drawn("boat", "VideoBoundingBox", TUG_SHOWN, bounding_box=BOX),
                    "buoy": drawn("buoy", "VideoPoint", point=POINT),
                },
                "classifications": [radio_shown("gate", "open")],
            },
            "5": {
                "objects": {"wake": drawn("wake", "VideoPolyline", line=LINE)},
                "classifications": [radio_shown("gate", "open")],
            },
            "7": {
                "objects": {"boat": drawn("boat", "VideoBoundingBox", TUG_SHOWN, bounding_box=LATER_BOX)},
                "classifications": [radio_shown("gate", "open")],
            },
            "9": {"objects": {}, "classifications": [radio_shown("gate", "open")]},
            "14": {"objects": {}, "classifications": [radio_shown("gate", "open")]},
            "15": {"objects": {}, "classifications": [radio_shown("gate", "open")]},
        },
        "segments": {"boat": [[3, 7]], "buoy": [[3, 3]], "wake": [[5, 5]], "open": [[3, 9], [14, 15]]},
        "key_frame_feature_map": {"boat": [3, 7], "buoy": [3], "wake": [5], "open": [3, 9, 14, 15]},
        "classifications": ANSWERS_SHOWN,
    },
    media_attributes={
        "height": assets.HEIGHT,
        "width": assets.WIDTH,
        "asset_type": "video",
        "mime_type": "video/mp4",
        "frame_rate": assets.FRAMES_A_SECOND,
        "frame_count": assets.FRAMES,
    },
)

TEXT = Subject(
    name="text",
    media_type="TEXT",
    rows=lambda host: [
        {"row_data": assets.TEXT, "media_type": "TEXT"},
        {"row_data": f"{host}/log.txt", "media_type": "TEXT"},
        {"row_data": "Nobody saw the tug leave.", "media_type": "TEXT"},
    ],
    tools=lambda: [
        Tool(tool=Tool.Type.NER, name="vessel", classifications=[boat_kind()]),
        Tool(tool=Tool.Type.NER, name="place"),
        Tool(tool=Tool.Type.RELATIONSHIP, name="left"),
    ],
    lines=lambda host: [
        {"uuid": "mara", "name": "vessel", "location": {"start": 8, "end": 11}, "classifications": TUG},
        {"uuid": "pier", "name": "place", "location": {"start": 18, "end": 23}},
        {"name": "left", "relationship": {"source": "mara", "target": "pier", "type": "unidirectional"}},
        *ANSWERS,
    ],
    shown=lists(
        [
            drawn("vessel", "TextEntity", TUG_SHOWN, location={"start": 8, "end": 11, "token": "Mara"}),
            drawn("place", "TextEntity", location={"start": 18, "end": 23, "token": "pier 4"}),
        ],
        relationships=[
            drawn(
                "left",
                "TextUnidirectionalRelationship",
                unidirectional_relationship={"source": "vessel", "target": "place"},
            )
        ],
    ),
    media_attributes={"asset_type": "text", "mime_type": "text/plain"},
)


def tiles(host: str, number: int) -> dict:
    return {
        "tileLayerUrl": f"{host}/tiles/{number}/{{z}}/{{x}}/{{y}}.png",
        "bounds": [[60.1, 24.9], [60.2, 25.0]],
        "minZoom": 10,
        "maxZoom": 14,
        "epsg": "EPSG4326",
    }


WEST, EAST, SOUTH, NORTH = 24.93, 24.95, 60.15, 60.16
GEO_RING = [[WEST, SOUTH], [WEST, NORTH], [EAST, NORTH], [EAST, SOUTH], [WEST, SOUTH]]

GEOSPATIAL = Subject(
    name="geospatial",
    media_type="TMS_GEO",
    rows=lambda host: [{"row_data": tiles(host, number), "media_type": "TMS_GEO"} for number in range(3)],
    tools=lambda: [
        Tool(tool=Tool.Type.BBOX, name="basin"),
        Tool(tool=Tool.Type.POINT, name="lamp"),
        Tool(tool=Tool.Type.LINE, name="quay"),
        Tool(tool=Tool.Type.POLYGON, name="island"),
    ],
    lines=lambda host: [
        {"name": "basin", "bbox": {"top": SOUTH, "left": WEST, "height": 0.01, "width": 0.02}},
        {"name": "lamp", "point": {"x": WEST, "y": NORTH}},
        {"name": "quay", "line": [{"x": WEST, "y": SOUTH}, {"x": EAST, "y": NORTH}]},
        {"name": "island", "polygon": [{"x": WEST, "y": SOUTH}, {"x": EAST, "y": SOUTH}, {"x": EAST, "y": NORTH}]},
        *ANSWERS,
    ],
    shown=lists(
        [
            drawn("basin", "GeoBoundingBox", geojson={"type": "Polygon", "coordinates": [GEO_RING]}),
            drawn("lamp", "GeoPoint", geojson={"type": "Point", "coordinates": [WEST, NORTH]}),
            drawn("quay", "GeoPolyline", geojson={"type": "LineString", "coordinates": [[WEST, SOUTH], [EAST, NORTH]]}),
            drawn(
                "island",
                "GeoPolygon",
                geojson={
                    "type": "Polygon",
                    "coordinates": [[[WEST, SOUTH], [EAST, SOUTH], [EAST, NORTH], [WEST, SOUTH]]],
                },
            ),
        ]
    ),
    media_attributes={"asset_type": "tms_geo", "mime_type": "application/x-tms-geo"},
)

DOCUMENT = Subject(
    name="document",
    media_type="PDF",
    rows=lambda host: [
        {
            "row_data": {"pdf_url": f"{host}/report.pdf?row={number}", "text_layer_url": f"{host}/layer.json"},
            "media_type": "PDF",
        }
        for number in range(3)
    ],
    tools=lambda: [Tool(tool=Tool.Type.BBOX, name="stamp"), Tool(tool=Tool.Type.NER, name="vessel")],
    lines=lambda host: [
        {"name": "stamp", "bbox": BOX, "page": 0, "unit": "POINTS"},
        {
            "name": "vessel",
            "textSelections": [{"tokenIds": ["word-tug", "word-mara"], "groupId": "group-1", "page": 1}],
        },
        *ANSWERS,
    ],
    shown=lists(
        [
            drawn(
                "stamp",
                "DocumentBoundingBox",
                page_number=0,
                bounding_box=BOX,
                page_dimensions={"height": assets.PAGE_HEIGHT, "width": assets.PAGE_WIDTH},
            ),
            drawn(
                "vessel",
                "DocumentEntityToken",
                location={
                    "groups": [
                        {"id": "group-1", "page_number": 1, "tokens": ["word-tug", "word-mara"], "text": "Tug Mara"}
                    ]
                },
            ),
        ]
    ),
    media_attributes={
        "asset_type": "pdf",
        "mime_type": "application/pdf",
        "page_count": 1,
        "text_layer_url": "{host}/layer.json",
    },
)

AUDIO = Subject(
    name="audio",
    media_type="AUDIO",
    rows=by_url("/call.wav"),
    tools=lambda: [],
    scoped=lambda: [
        radio("speaker", "pilot", "harbour", scope=Classification.Scope.INDEX),
        text("transcript", scope=Classification.Scope.INDEX),
    ],
    lines=lambda host: [
        {"name": "speaker", "answer": [{"name": "pilot", "frames": [{"start": 200, "end": 1600}]}]},
        {"name": "transcript", "answer": [{"value": "Mara, over.", "frames": [{"start": 400, "end": 1500}]}]},
        *ANSWERS,
    ],
    shown={
        "classifications": ANSWERS_SHOWN,
        "segments": {"pilot": [[200, 1600]], "transcript": [[400, 1500]]},
        "timestamp": {
            "200": {"classifications": [radio_shown("speaker", "pilot")]},
            "400": {
                "classifications": [
                    {
                        "name": "transcript",
                        "value": "transcript",
                        "text_answer": {"content": "Mara, over.", "classifications": []},
                    }
                ]
            },
        },
    },
    media_attributes={"asset_type": "audio", "mime_type": "audio/wav"},
)


def conversation(number: int) -> dict:
    def message(name: str, content: str, user: str) -> dict:
        return {
            "messageId": name,
            "timestampUsec": 1740637800 + number,
            "content": content,
            "user": {"userId": user, "name": user.title()},
            "align": "left",
            "canLabel": True,
        }

    messages = [message("m0", "Is berth 4 free?", "mara"), message("m1", "From noon.", "harbour")]
    return {"type": "application/vnd.labelbox.conversational", "version": 1, "messages": messages}


CONVERSATION = Subject(
    name="conversation",
    media_type="CONVERSATIONAL",
    rows=lambda host: [{"row_data": conversation(number)} for number in range(3)],
    tools=lambda: [Tool(tool=Tool.Type.NER, name="place")],
    scoped=lambda: [radio("intent", "question", "answer", scope=Classification.Scope.INDEX)],
    lines=lambda host: [
        {"name": "place", "location": {"start": 3, "end": 9}, "messageId": "m0"},
        {"name": "intent", "answer": {"name": "question"}, "messageId": "m0"},
        *ANSWERS,
    ],
    shown={
        "objects": [
            drawn(
                "place",
                "ConversationalTextEntity",
                conversational_location={"message_id": "m0", "location": {"start": 3, "end": 9}},
            )
        ],
        "classifications": [
            {
                "name": "intent",
                "value": "intent",
                "message_id": "m0",
                "conversational_radio_answer": chosen("question"),
            },
            *ANSWERS_SHOWN,
        ],
        "relationships": [],
    },
    media_attributes={
        "asset_type": "conversational",
        "mime_type": "application/vnd.labelbox.conversational",
        "labelable_ids": ["m0", "m1"],
        "message_count": 2,
    },
)


def group(name: str, frames: dict | None = None) -> dict:
    return {"name": name, "classifications": [], "frames": frames or {}}


DICOM = Subject(
    name="dicom",
    media_type="DICOM",
    rows=by_url("/scan.dcm", media_type="DICOM"),
    tools=lambda: [Tool(tool=Tool.Type.LINE, name="vessel_wall")],
    lines=lambda host: [
        {"name": "vessel_wall", "groupKey": "axial", "segments": [{"keyframes": [{"frame": 1, "line": LINE}]}]},
        *ANSWERS,
    ],
    shown={
        "groups": {
            "Axial": group(
                "Axial",
                {
                    "1": {
                        "objects": {"vessel_wall": drawn("vessel_wall", "DICOMPolyline", line=LINE)},
                        "classifications": [],
                    }
                },
            ),
            "Sagittal": group("Sagittal"),
            "Coronal": group("Coronal"),
        },
        "segments": {"Axial": {"vessel_wall": [[1, 1]]}, "Sagittal": {}, "Coronal": {}},
        "classifications": ANSWERS_SHOWN,
        "key_frame_feature_map": {"vessel_wall": {"Axial": {"1": True}, "Coronal": {}, "Sagittal": {}}},
    },
    media_attributes={
        "height": assets.HEIGHT,
        "width": assets.WIDTH,
        "asset_type": "dicom",
        "mime_type": "application/dicom",
        "frame_count": 3,
    },
)

HTML = Subject(
    name="html",
    media_type="HTML",
    rows=by_url("/page.html"),
    tools=lambda: [],
    lines=lambda host: list(ANSWERS),
    shown=lists([]),
    media_attributes={"asset_type": "html", "mime_type": "text/html"},
)

SUBJECTS = [IMAGE, VIDEO, TEXT, GEOSPATIAL, DOCUMENT, AUDIO, CONVERSATION, DICOM, HTML]


def row_data_shown(item: dict) -> object:
    """What `row_data` of an export is for an import item: content as a JSON text, a document as its URL."""
    row_data = item["row_data"]
    if isinstance(row_data, dict):
        return row_data.get("pdf_url") or json.dumps(row_data)
    return row_data
