"""NIEM: each name exists in both flavours, stands where 6.0 has it and holds what it may; readers and schemas agree.

`data/niem-6.0-part.json` says which part of the official model is used, and where it was taken from. It holds 5.2's
types, and not what 5.2's types contain: that the other flavour's names stand where 5.2 has them is checked by nobody.
The whole model of 6.0 judges the same documents in `tests/niem_judge.py`, on machines that have it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from lxml import etree
from pyld import jsonld

from exports import niem
from exports.case_snapshot import CaseSnapshot
from exports.niem import publishing, terms
from tests.support import exported

MODEL: dict[str, Any] = json.loads((Path(__file__).parent / "data/niem-6.0-part.json").read_text("utf-8"))
COUNT = 300
FLAVOURS = pytest.mark.parametrize("flavour", niem.FLAVOURS)
XS = "{http://www.w3.org/2001/XMLSchema}"


@cache
def cases() -> list[CaseSnapshot]:
    return [exported.case(Random(number)) for number in range(COUNT)]


def written(flavour: str) -> Iterator[dict[str, Any]]:
    for case in cases():
        yield json.loads(niem.render(case, flavour))


def judge(flavour: str) -> Draft202012Validator:
    return Draft202012Validator(json.loads(publishing.published(f"case-{flavour}.schema.json")))


def misplaced(value: Any, kind: str | None, path: str = "") -> Iterator[str]:
    """Give what the model does not allow: a name that does not exist or may not stand there, a code that is none."""
    if isinstance(value, list):
        for one in value:
            yield from misplaced(one, kind, path)
    elif not isinstance(value, dict):
        if value not in MODEL["codes"].get(kind, [value]):
            yield f"{path}: {value}"
    else:
        for name, below in value.items():
            if name.startswith("@"):
                continue
            place = f"{path}/{name}"
            if name.startswith(terms.PREFIX):
                yield from [] if name in terms.DEFINITIONS else [place]
                yield from misplaced(below, None, place)
            elif name not in MODEL["properties"] or (kind and name not in MODEL["contains"].get(kind, ())):
                yield place
            else:
                yield from misplaced(below, MODEL["properties"][name]["type"], place)


@FLAVOURS
def test_every_name_exists_and_stands_where_the_model_has_it(flavour: str) -> None:
    found = [fault for document in written(flavour) for fault in misplaced(document, None)]
    assert found == []


def test_the_table_is_awake() -> None:
    document = {"nc:Case": {"nc:DocumentTitleText": "x", "nc:CaseTitleText": "x", "nc:Nothing": 1, "tip:Nothing": 1}}
    assert list(misplaced(document, None)) == [
        "/nc:Case/nc:DocumentTitleText", "/nc:Case/nc:Nothing", "/nc:Case/tip:Nothing",
    ]  # fmt: skip
    assert list(misplaced({"j:TipTaxonomy": {"j:TipClassCode": "XX"}}, None)) == ["/j:TipTaxonomy/j:TipClassCode: XX"]


def test_names_have_the_same_type_in_both_flavours() -> None:
    assert set(publishing.model_names()) == set(MODEL["properties"])
    assert {name for name, one in MODEL["properties"].items() if one["type"] != one["type_5_2"]} == set()


def test_all_four_domains_are_in_use() -> None:
    used = {name.split(":")[0] for name in publishing.model_names()}
    assert used == {"nc", "j", "em", "hs"} == set(niem.CONTEXTS["6.0"]) - {"tip"} == set(niem.CONTEXTS["5.2"]) - {"tip"}


@FLAVOURS
def test_json_ld_expands_without_a_network_and_loses_nothing(flavour: str) -> None:
    def refuse(url: str, _options: object) -> None:
        raise AssertionError(f"it asked for {url}")

    for document in written(flavour):
        (expanded,) = jsonld.expand(document, {"documentLoader": refuse})
        assert list(_names(expanded)) == list(_expected(document, document["@context"]))
        assert set(expanded) == {f"{terms.NAMESPACE}CaseExport"}


def _expected(value: Any, context: dict[str, str]) -> Iterator[str]:
    """Give the names of a document, in full, in the order in which a reader sorts them."""
    if isinstance(value, list):
        for one in value:
            yield from _expected(one, context)
    elif isinstance(value, dict):
        whole = {context[name.partition(":")[0]] + name.partition(":")[2]: name for name in value if ":" in name}
        for full in sorted(whole):
            yield full
            yield from _expected(value[whole[full]], context)


def _names(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for one in value:
            yield from _names(one)
    elif isinstance(value, dict):
        for name in sorted(name for name in value if not name.startswith("@")):
            yield name
            yield from _names(value[name])


@FLAVOURS
def test_every_export_is_valid_by_the_schema_that_is_shipped(flavour: str) -> None:
    validator = judge(flavour)
    Draft202012Validator.check_schema(validator.schema)
    for document in written(flavour):
        validator.validate(document)


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda document: document["tip:CaseExport"].pop("nc:Case"), id="no case"),
        pytest.param(lambda document: document["tip:CaseExport"].update({"nc:PersonName": {}}), id="a name too many"),
        pytest.param(lambda document: document["@context"].update({"nc": "http://x/"}), id="another namespace"),
        pytest.param(lambda document: document.update({"x": 1}), id="another root"),
        pytest.param(
            lambda document: document["tip:CaseExport"]["nc:Incident"].update({"tip:SeverityCode": "dire"}),
            id="no code",
        ),
        pytest.param(
            lambda document: document["tip:CaseExport"]["nc:DocumentCreationDate"].update({"nc:DateTime": "today"}),
            id="no time",
        ),
    ],
)
def test_the_schema_is_awake(spoil: Any) -> None:
    document = next(written("6.0"))
    assert judge("6.0").is_valid(document)
    assert not judge("5.2").is_valid(document)
    spoil(document)
    assert not judge("6.0").is_valid(document)


@pytest.mark.parametrize("name", [*publishing.documents()])
def test_what_is_published_is_what_the_declaration_makes(name: str) -> None:
    assert publishing.published(name) == publishing.documents()[name], "python -m exports.niem.publishing"


@FLAVOURS
def test_the_extension_declares_each_name_of_ours_and_no_other(flavour: str) -> None:
    root = etree.fromstring(publishing.published(f"case-{flavour}.xsd").encode())
    declared = {f"tip:{one.get('name')}" for one in root.findall(f"{XS}element")}
    augmentations = {name for name in declared if name.endswith("Augmentation")}
    assert declared - augmentations == set(publishing.own_names()) == set(terms.DEFINITIONS)
    types = {f"tip:{one.get('name')}" for one in root.findall(f"{XS}complexType")}
    wanted = {str(one.get("type")) for one in root.findall(f"{XS}element")}
    assert {one for one in wanted if one.startswith("tip:")} == types
    refs = {str(one.get("ref")) for one in root.iter(f"{XS}element") if one.get("ref")}
    assert {ref for ref in refs if ref.startswith("tip:")} | {"tip:CaseExport"} == set(terms.DEFINITIONS)
    assert root.get("targetNamespace") == terms.NAMESPACE
    assert {one.get("namespace") for one in root.findall(f"{XS}import")} >= {
        uri.removesuffix("#") for prefix, uri in niem.CONTEXTS[flavour].items() if prefix != "tip"
    }


def test_flavours_differ_in_their_context_alone() -> None:
    six, five = next(written("6.0")), next(written("5.2"))
    assert six.pop("@context") != five.pop("@context")
    assert six == five
    assert not any(uri.endswith("#") for uri in niem.CONTEXTS["6.0"].values())


def test_a_document_is_harmless_in_a_page_and_the_same_each_time() -> None:
    for case in cases()[:50]:
        document = niem.render(case)
        assert document == niem.render(case)
        assert not re.search(rb"[<>&\x00-\x08\x0b-\x1f\x7f]", document)
        assert document.endswith(b"}\n")


def test_the_sample_in_the_readme_is_one() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
    (sample,) = re.findall(r"```json\n(\{\n \"@context\".*?\n\})\n```", readme, re.DOTALL)
    document = json.loads(sample)
    judge("6.0").validate(document)
    assert list(misplaced({name: one for name, one in document.items() if name != "@context"}, None)) == []


def test_an_unknown_flavour_is_refused() -> None:
    with pytest.raises(KeyError):
        niem.render(cases()[0], "7.0")
