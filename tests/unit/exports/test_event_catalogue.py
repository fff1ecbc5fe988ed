"""The catalogue of events: shipped schemas are those that it says, and no type that the code stores is missing."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from exports import event_catalogue
from exports.event_catalogue import KINDS

ROOT = Path(__file__).parents[3]
THINGS = {kind.split(".")[0] for kind in KINDS}
EMITTING = {"emit", "row", "tell", "_tell", "_emit", "_event"}
WRITTEN_OUT = {
    "send.": {"sent", "delivered", "undelivered", "failed", "retried"},
    "attachment.": {"sealed", "clean", "broken", "refused", "lost"},
    "account.": {"created", "signed_in", "signed_out", "sign_in_failed"},
    "subscription.": {
        "created", "changed", "consented", "refused", "retired", "failing", "recovered", "replayed", "deleted",
        "secret_rotated",
    },
    "message.": {"reply_queued", "receipt_queued", "question_queued"},
}  # fmt: skip
"""What stands for the ends of types that the code puts together."""


def test_shipped_schemas_are_those_of_the_catalogue() -> None:
    """After a change on purpose: `.venv/bin/python -m exports.event_catalogue`."""
    folder = ROOT / "exports" / event_catalogue.FOLDER
    shipped = {path.name: path.read_text("utf-8") for path in folder.iterdir()}
    assert shipped == {f"org.tipline.{name}.v{kind.version}.json": event_catalogue.written(name)
                       for name, kind in KINDS.items()}  # fmt: skip


@pytest.mark.parametrize("name", sorted(KINDS))
def test_each_schema_is_one_and_takes_ids_and_codes_but_no_words(name: str) -> None:
    found = json.loads(event_catalogue.schema(f"org.tipline.{name}.v1") or "")
    Draft202012Validator.check_schema(found)
    assert found["title"] == f"org.tipline.{name}.v1"
    assert found["description"].endswith(".")
    words = Draft202012Validator(found)
    for field in found["properties"]:
        if name != "log.sealed":
            assert not words.is_valid({**dict.fromkeys(found["required"]), field: "a kid has a knife"})


def test_type_that_there_is_not_has_no_schema() -> None:
    assert event_catalogue.schema("../../snapshot") is None
    assert event_catalogue.schema("org.tipline.case.opened") is None


def _literals() -> Iterator[tuple[str, str]]:
    """Find what the code hands to the functions that store events: a type, or the beginning of one and a `…`."""
    for folder in ("gateway", "responders", "channels"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if not isinstance(node, ast.Call):
                    continue
                called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                if called in EMITTING:
                    yield from ((str(path), text) for part in node.args for text in _texts(part))


def _texts(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    if isinstance(node, ast.JoinedStr) and isinstance(first := node.values[0], ast.Constant):
        yield f"{first.value!s}…"


def test_no_type_that_the_code_stores_is_missing() -> None:
    found = set()
    for path, text in _literals():
        if text.endswith("…"):
            beginning = text[:-1]
            if re.fullmatch(r"[a-z]+\.", beginning):
                assert beginning in WRITTEN_OUT, f"{path} puts together types that begin with {beginning}"
                found |= {beginning + end for end in WRITTEN_OUT[beginning]}
        elif re.fullmatch(r"[a-z]+\.[a-z_]+", text) and text.split(".")[0] in THINGS:
            found.add(text)
    assert len(found) > 50
    assert found - set(KINDS) == set()


@pytest.mark.parametrize(
    "word", ["3035550123", "K7QF-2M9D-0X4T-WB8N", "k7qf2m9d0x4twb8n", "a kid has a knife", "ñ", "a\n"]
)
def test_of_data_only_what_is_listed_and_fits_is_kept(word: str) -> None:
    told = {"severity": word, "case": word, "categories": ["weapon", word], "unsure": word, "words": word, word: 1}
    assert event_catalogue.fitting("org.tipline.message.assessed", told) == {
        "severity": "other", "categories": ["weapon", "other"],
    }  # fmt: skip
    assert event_catalogue.fitting("org.tipline.nothing.known", told) == {}


def test_codes_that_are_stored_are_kept() -> None:
    told = {
        "case": "1a" * 16, "severity": "critical", "life_safety": True, "unsure": False, "reason": None,
        "categories": ["suspicious_person", "acknowledgements"], "rules": "2026.11.6+cedar-valley-3",
    }  # fmt: skip
    assert event_catalogue.fitting("org.tipline.message.assessed", told) == told
    made = {"as_of": "2026-11-30T08:15:00.120Z", "size": 3, "sha256": "1234567890abcdef" * 4, "key": "0123456789abcdef",
            "files": 0, "missing": 0}  # fmt: skip
    assert event_catalogue.fitting("org.tipline.backup.made", made) == made
    by = {"ordered_by": "account:" + "1234567890abcdef" * 2}
    assert event_catalogue.fitting("org.tipline.retention.finished", by) == by
    carried = {"by": "contact:0a288fd86ed624ed7181436080be4d1f"}
    assert event_catalogue.fitting("org.tipline.case.state_changed", carried) == carried, "seven digits are no number"
    assert event_catalogue.fitting("org.tipline.alert.refused", {"element": "info[1]/area[2]"}) == {
        "element": "info[1]/area[2]"
    }
