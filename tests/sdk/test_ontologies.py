"""Ontologies keep their form, and their features are put in, moved, taken out, archived and brought back."""

import random

import labelbox
import pytest
from labelbox import Classification, MediaType, OntologyBuilder, Option, Tool

from assets import AssetServer
from small import make_small
from subjects import BOX, TUG
from versions import exceptions

EDITS = hasattr(labelbox.Client, "insert_feature_schema_into_ontology")
ARCHIVES = hasattr(labelbox.Client, "delete_feature_schema_from_ontology")
QUESTIONS = (Classification.Type.TEXT, Classification.Type.RADIO, Classification.Type.CHECKLIST)


def question(chance: random.Random, name: str, depth: int, scope: object = None) -> Classification:
    kind = chance.choice(QUESTIONS)
    options = []
    if kind != Classification.Type.TEXT:
        for number in range(chance.randint(1, 3)):
            asked = [question(chance, f"{name}-{number}-more", depth - 1)] if depth and chance.random() < 0.5 else []
            options.append(Option(value=f"{name} {number}", options=asked))
    more = {"scope": scope} if scope else {}
    return Classification(
        class_type=kind, name=name, options=options, required=chance.random() < 0.5, **more
    )


def built(seed: int) -> dict:
    chance = random.Random(seed)
    kinds = (Tool.Type.BBOX, Tool.Type.POLYGON, Tool.Type.POINT, Tool.Type.LINE, Tool.Type.RASTER_SEGMENTATION)
    tools = [
        Tool(
            tool=chance.choice(kinds),
            name=f"Tool {number}",
            required=chance.random() < 0.3,
            classifications=[question(chance, f"of {number}", 2) for _ in range(chance.randint(0, 1))],
        )
        for number in range(chance.randint(0, 4))
    ]
    scopes = (None, Classification.Scope.GLOBAL, Classification.Scope.INDEX)
    questions = [
        question(chance, f"question {number}", 2, chance.choice(scopes)) for number in range(chance.randint(1, 3))
    ]
    return OntologyBuilder(tools=tools, classifications=questions).asdict()


def without_ids(value: object) -> object:
    if isinstance(value, list):
        return [without_ids(inner) for inner in value]
    if isinstance(value, dict):
        return {key: without_ids(inner) for key, inner in value.items() if key not in ("featureSchemaId", "schemaNodeId")}
    return value


def check_form(node: dict) -> None:
    """The keys that programs read without asking."""
    if "tool" in node:
        assert {"name", "color", "required", "classifications"} <= set(node)
    elif "type" in node:
        assert {"name", "instructions", "required", "options"} <= set(node)
    else:
        assert {"label", "value", "options"} <= set(node)
    for inner in (*node.get("classifications", ()), *node.get("options", ())):
        check_form(inner)


@pytest.mark.parametrize("seed", range(12))
def test_what_goes_in_comes_out(client: labelbox.Client, seed: int) -> None:
    """A random ontology: equal but for its ids, at once, read again, as tools and questions, and put together anew."""
    given = built(seed)
    made = client.create_ontology(f"random {seed}", given, media_type=MediaType.Image)
    for found in (made, client.get_ontology(made.uid)):
        for key in ("tools", "classifications"):
            assert without_ids(found.normalized[key]) == without_ids(given[key])
            assert [list(without_ids(node)) for node in found.normalized[key]] == [
                list(without_ids(node)) for node in given[key]
            ]
    assert without_ids([tool.asdict() for tool in made.tools()]) == without_ids(given["tools"])
    assert without_ids([asked.asdict() for asked in made.classifications()]) == without_ids(given["classifications"])
    features = [*made.normalized["tools"], *made.normalized["classifications"]]
    again = client.create_ontology_from_feature_schemas(
        f"again {seed}", [feature["featureSchemaId"] for feature in features], media_type=MediaType.Image
    )
    for key in ("tools", "classifications"):
        assert again.normalized[key] == made.normalized[key]


def test_an_ontology_by_hand_is_completed(client: labelbox.Client) -> None:
    """What a program left out is filled in, so that the SDK reads it back."""
    given = {
        "tools": [{"tool": "rectangle", "name": "boat"}],
        "classifications": [{"type": "radio", "instructions": "light", "options": [{"label": "sun"}]}],
    }
    made = client.create_ontology("by hand", given, media_type=MediaType.Image)
    for node in (*made.normalized["tools"], *made.normalized["classifications"]):
        check_form(node)
    assert [tool.name for tool in made.tools()] == ["boat"]
    [light] = made.classifications()
    assert (light.name, light.instructions, [option.value for option in light.options]) == ("light", "light", ["sun"])


def test_unknown_features_and_slices_are_not_found(client: labelbox.Client) -> None:
    """An error of the SDK that says so. Where the SDK has no `ResourceNotFoundError` to raise, it says so in another."""
    with pytest.raises(exceptions.ResourceNotFoundError):
        client.get_ontology("nope")
    with pytest.raises(exceptions.InvalidQueryError, match='there is no feature schema with the id "nope"'):
        client.get_feature_schema("nope")
    with pytest.raises((exceptions.ResourceNotFoundError, exceptions.InvalidQueryError), match="nope"):
        client.get_catalog_slice("nope")


def names(client: labelbox.Client, ontology_id: str) -> list[str]:
    return [tool["name"] for tool in client.get_ontology(ontology_id).normalized["tools"]]


@pytest.mark.skipif(not EDITS, reason="this version does not edit ontologies")
def test_features_are_inserted_and_moved(client: labelbox.Client) -> None:
    """At the position that was asked for; one that is there is moved; what is not there is named."""
    features = [client.create_feature_schema(Tool(tool=Tool.Type.BBOX, name=name).asdict()) for name in "abc"]
    made = client.create_ontology_from_feature_schemas(
        "in order", [feature.uid for feature in features[:2]], media_type=MediaType.Image
    )
    client.insert_feature_schema_into_ontology(features[2].uid, made.uid, 1)
    assert names(client, made.uid) == ["a", "c", "b"]
    client.insert_feature_schema_into_ontology(features[1].uid, made.uid, 0)
    assert names(client, made.uid) == ["b", "a", "c"]
    for feature_id, ontology_id, position, said in (
        ("cnobody000000000000000000", made.uid, 0, "Failed to find feature schema node by id: cnobody"),
        (features[0].uid, "cnobody000000000000000000", 0, "Failed to find ontology by id: cnobody"),
        (features[0].uid, made.uid, 9, "have positions 0 to 2"),
    ):
        with pytest.raises(exceptions.LabelboxError, match=said):
            client.insert_feature_schema_into_ontology(feature_id, ontology_id, position)
    assert names(client, made.uid) == ["b", "a", "c"]


@pytest.mark.skipif(not EDITS, reason="this version does not edit ontologies")
def test_a_feature_is_deleted_once(client: labelbox.Client) -> None:
    """A second time says that it is gone; an id that never was is another thing."""
    feature = client.create_feature_schema(Tool(tool=Tool.Type.BBOX, name="fleeting").asdict())
    client.delete_unused_feature_schema(feature.uid)
    with pytest.raises(exceptions.LabelboxError, match="Feature schema is already deleted"):
        client.delete_unused_feature_schema(feature.uid)
    with pytest.raises(exceptions.LabelboxError, match="Cannot find root schema node with feature schema id nope"):
        client.delete_unused_feature_schema("nope")
    with pytest.raises(exceptions.InvalidQueryError, match="there is no feature schema"):
        client.get_feature_schema(feature.uid)


@pytest.mark.skipif(not ARCHIVES, reason="this version does not archive features")
def test_features_without_labels_are_removed(client: labelbox.Client) -> None:
    """Of the first level and below."""
    given = OntologyBuilder(
        tools=[
            Tool(
                tool=Tool.Type.BBOX,
                name="boat",
                classifications=[
                    Classification(class_type=Classification.Type.RADIO, name="kind", options=[Option("tug"), Option("ferry")])
                ],
            ),
            Tool(tool=Tool.Type.POINT, name="lamp"),
        ]
    ).asdict()
    made = client.create_ontology("fewer", given, media_type=MediaType.Image)
    boat, lamp = made.normalized["tools"]
    ferry = boat["classifications"][0]["options"][1]
    for node in (lamp, ferry):
        removed = client.delete_feature_schema_from_ontology(made.uid, node["featureSchemaId"])
        assert (removed.archived, removed.deleted) == (False, True)
        with pytest.raises(exceptions.LabelboxError, match="Failed to find feature schema node by id"):
            client.delete_feature_schema_from_ontology(made.uid, node["featureSchemaId"])
    [left] = client.get_ontology(made.uid).normalized["tools"]
    assert [option["value"] for option in left["classifications"][0]["options"]] == ["tug"]
    with pytest.raises(exceptions.LabelboxError, match="Failed to find ontology by id"):
        client.delete_feature_schema_from_ontology("nope", lamp["featureSchemaId"])


@pytest.mark.skipif(not ARCHIVES, reason="this version does not archive features")
def test_features_with_labels_are_archived_and_brought_back(client: labelbox.Client, assets: AssetServer) -> None:
    """They stay readable, take no new labels while they are archived, and labels keep them."""
    made = make_small(client, assets, "archived")
    made.label(0, [{"name": "boat", "bbox": BOX, "classifications": TUG}])
    ontology = made.ontology.uid
    boat = next(tool for tool in made.ontology.normalized["tools"] if tool["name"] == "boat")
    kind = boat["classifications"][0]
    kept = client.delete_feature_schema_from_ontology(ontology, kind["options"][0]["featureSchemaId"])
    assert (kept.archived, kept.deleted) == (False, False)
    removed = client.delete_feature_schema_from_ontology(ontology, boat["featureSchemaId"])
    assert (removed.archived, removed.deleted) == (True, False)
    assert client.is_feature_schema_archived(ontology, boat["featureSchemaId"]) is True
    assert "boat" in names(client, ontology)
    box = {"name": "boat", "bbox": {"top": 1, "left": 1, "height": 2, "width": 2}, "dataRow": {"id": made.row_ids[1]}}

    def label(name: str) -> list:
        done = labelbox.LabelImport.create_from_objects(client, made.project.uid, name, [{**box, "uuid": name}])
        done.wait_until_done()
        return done.errors

    [error] = label("while archived")
    assert error["errors"][0]["name"] == "FeatureArchived"
    client.unarchive_feature_schema_node(ontology, boat["featureSchemaId"])
    assert client.is_feature_schema_archived(ontology, boat["featureSchemaId"]) is False
    assert label("brought back") == []
    with pytest.raises(exceptions.LabelboxError, match="Failed to find feature schema node by id: nope"):
        client.unarchive_feature_schema_node(ontology, "nope")
    with pytest.raises(exceptions.LabelboxError, match="Failed to find ontology by id: nope"):
        client.unarchive_feature_schema_node("nope", boat["featureSchemaId"])
