"""Packages of spans and conll in spaCy: every span that does not cut a token is an entity with its characters."""

import json
import re
import subprocess
import sys

import spacy
from spacy.tokens import DocBin
from spacy.training import offsets_to_biluo_tags


def test_spans_are_entities_where_they_cut_no_token(export):
    folder, _ = export("out", "spans", "--allow-lossy")
    language, whole, cut = spacy.blank("xx"), 0, 0
    for line in (folder / "train.jsonl").read_text().splitlines():
        row = json.loads(line)
        document = language.make_doc(row["text"])
        assert document.text == row["text"]
        for one in row["spans"]:
            span = document.char_span(one["start"], one["end"], label=one["label"])
            if span is None:
                # It marks a part of a token alone: the one with the characters around it.
                wide = document.char_span(one["start"], one["end"], alignment_mode="expand")
                assert row["text"][one["start"] : one["end"]] in wide.text and len(wide.text) > one["end"] - one["start"]
                tags = offsets_to_biluo_tags(document, [(one["start"], one["end"], one["label"])])
                assert "-" in tags
                cut += 1
                continue
            assert (span.text, span.label_) == (row["text"][one["start"] : one["end"]], one["label"])
            whole += 1
    assert whole > 15 and cut < 3, (whole, cut)


def test_tokens_with_tags_are_entities(export, tmp_path):
    folder, _ = export("out", "conll", "--allow-lossy")
    arguments = ["convert", "-c", "ner", "-n", "1", str(folder / "train.conll"), str(tmp_path)]
    subprocess.run([sys.executable, "-m", "spacy", *arguments], check=True, capture_output=True)
    documents = DocBin().from_disk(tmp_path / "train.spacy").get_docs(spacy.blank("xx").vocab)
    found = [(one.text, one.label_) for document in documents for one in document.ents]
    expected, tokens = [], []
    for line in [*(folder / "train.conll").read_text().splitlines(), ""]:
        token, tag = (line.split(" ")[0], line.split(" ")[-1]) if line else ("", "O")
        if tokens and not tag.startswith("I-"):
            expected.append((" ".join(one for one, _ in tokens), tokens[0][1]))
            tokens = []
        if tag != "O":
            tokens.append((token, re.sub("^[BI]-", "", tag)))
    assert found == expected and len(found) > 10
