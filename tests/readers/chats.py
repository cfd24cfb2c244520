"""Rows of chats with models whose answers are judged, for tests of what is written of them."""

import itertools
import json

KIND = "application/vnd.labelbox.conversational"


def tree(count):
    """A question, answers of models, what the person says to all of them, and as many answers to that."""
    content = {"q1": f"Is road {count} frei? \u2744\ufe0f", "q2": 'And "6"?'}
    answers = {"q1": [f"a{n}" for n in range(count)], "q2": [f"b{n}" for n in range(count)]}
    children = answers | {one: ["q2"] for one in answers["q1"]}
    for one in itertools.chain(*answers.values()):
        content[one] = f"{one}:\nline {count}"
    return {
        "type": f"{KIND}.model-chat-evaluation",
        "version": 2,
        "actors": {"h": {"role": "human"}, "m": {"role": "model"}},
        "messages": {
            one: {
                "actorId": "h" if one in ("q1", "q2") else "m",
                "content": [{"type": "text", "content": text}],
                "childMessageIds": children.get(one, []),
            }
            for one, text in content.items()
        },
        "rootMessageIds": ["q1"],
    }


def judgement(number, kind, key, value):
    return {
        "feature_id": f"cf{number:023}",
        "feature_schema_id": f"cs{kind.lower():0>23.23}",
        "name": kind,
        "annotation_kind": kind,
        "classifications": [],
        key: value,
    }


def named(one, **more):
    return {"message_id": one, "model_config_name": "m", **more}


def judged_rows():
    """Rows of chats with models: in each, an answer to the first question is selected, and those to the second ranked."""
    made = []
    for number in range(6):
        count = 2 + number % 3
        ranks = [named(f"b{n}", order=1 + (n + number) % count) for n in range(count)]
        objects = [
            judgement(2 * number, "MessageSingleSelection", "selected_message", named(f"a{number % count}", parent_message_id="q1")),
            judgement(2 * number + 1, "MessageRanking", "ranked_messages", {"ranked_messages": ranks, "parent_message_id": "q2"}),
        ]
        made.append({
            "data_row": {"id": f"cr{number:023}", "global_key": f"chat {number}", "row_data": json.dumps(tree(count))},
            "media_attributes": {"asset_type": "conversational", "mime_type": KIND},
            "projects": {
                "cp00000000000000000000001": {
                    "name": "Answers",
                    "labels": [{
                        "label_kind": "Default",
                        "version": "1.0.0",
                        "id": f"cl{number:023}",
                        "annotations": {"objects": objects, "classifications": [], "relationships": []},
                    }],
                }
            },
        })
    return made


def said(row, *ids):
    """The messages of a row as a line has them."""
    stored = json.loads(row["data_row"]["row_data"])["messages"]
    role = {"h": "user", "m": "assistant"}
    return [{"role": role[stored[one]["actorId"]], "content": stored[one]["content"][0]["content"]} for one in ids]


def judged(row):
    """The selected answer to the first question, and the answers to the second, the best first."""
    selection, ranking = row["projects"]["cp00000000000000000000001"]["labels"][0]["annotations"]["objects"]
    ranks = sorted(ranking["ranked_messages"]["ranked_messages"], key=lambda one: one["order"])
    return selection["selected_message"]["message_id"], [one["message_id"] for one in ranks]
