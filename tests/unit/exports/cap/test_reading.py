"""What anyone may hand over as an alert: hostile XML goes nowhere, and what is not CAP is refused by its element."""

import random
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from exports import cap
from exports.cap import reading
from tests.support.alerts import alert, with_resource

DOCUMENT = cap.render(alert())
HEAD = b"<?xml version='1.0' encoding='UTF-8'?>\n"
SECRET = "the secret of this machine"


def doctype(subset: str, use: str = "&e;") -> bytes:
    """Put a document type in front of an alert, and a reference where its headline was."""
    text = DOCUMENT.decode().replace("Lockdown at Lincoln High<", f"{use}<", 1)
    return text.replace("?>\n", f"?>\n<!DOCTYPE alert {subset}>\n", 1).encode()


LAUGHS = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
BOMBS = {
    "external entity": doctype('[<!ENTITY e SYSTEM "file:///SECRET">]'),
    "external entity of the web": doctype('[<!ENTITY e SYSTEM "http://127.0.0.1:9/x">]'),
    "parameter entity": doctype('[<!ENTITY % e SYSTEM "file:///SECRET"> %e;]', "x"),
    "external subset": doctype('SYSTEM "file:///SECRET"', "x"),
    "public subset": doctype('PUBLIC "-//x" "http://127.0.0.1:9/x.dtd"', "x"),
    "billion laughs": doctype(f'[<!ENTITY e0 "ha">{LAUGHS}]', "&e11;"),
    "quadratic": doctype(f'[<!ENTITY e "{"a" * 50_000}">]', "&e;" * 10_000),
    "laughs in an attribute": doctype(f'[<!ENTITY e0 "ha">{LAUGHS}<!ATTLIST alert x CDATA "&e11;">]', "x"),
    "an entity in itself": doctype('[<!ENTITY e "&f;"><!ENTITY f "&e;">]'),
    "an inner entity": doctype('[<!ENTITY e "hello">]'),
    "nothing but a name": doctype("", "x"),
}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS.keys())
def test_entities_are_neither_opened_nor_blown_up(bomb: bytes, encoding: str, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(SECRET, "utf-8")
    text = bomb.decode().replace("/SECRET", str(file)).replace("UTF-8", encoding)
    with pytest.raises(cap.Unreadable, match=r"^alert ") as refused:
        cap.read(text.encode(encoding))
    assert refused.value.finding.code in {"doctype", "not_xml"}
    assert SECRET not in str(refused.value)


def test_the_wall_is_the_doctype_itself() -> None:
    with pytest.raises(cap.Unreadable, match="document type"):
        cap.read(doctype('[<!ENTITY e "hello">]'))


def test_what_is_included_from_elsewhere_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(SECRET, "utf-8")
    include = f'<x:include xmlns:x="http://www.w3.org/2001/XInclude" href="file://{tmp_path}/secret" parse="text"/>'
    with pytest.raises(cap.Unreadable, match=r"^info\[1\]/headline holds another element"):
        cap.read(DOCUMENT.replace(b"<headline>Lockdown at Lincoln High", b"<headline>" + include.encode(), 1))


@pytest.mark.parametrize(
    ("document", "code"),
    [
        pytest.param(b"", "not_xml", id="nothing"),
        pytest.param(b"hello", "not_xml", id="no XML"),
        pytest.param(DOCUMENT[:-9], "not_xml", id="cut off"),
        pytest.param(DOCUMENT + DOCUMENT[len(HEAD) :], "not_xml", id="two alerts"),
        pytest.param(DOCUMENT.replace(b"Lincoln", b"\xff\xfe"), "not_xml", id="not UTF-8"),
        pytest.param(DOCUMENT.replace(b"Lincoln", b"&#0;"), "not_xml", id="NUL"),
        pytest.param(DOCUMENT.replace(b"UTF-8", b"x-none"), "not_xml", id="an encoding that is none"),
        pytest.param(DOCUMENT.replace(b"cap:1.2", b"cap:1.1"), "not_an_alert", id="CAP 1.1"),
        pytest.param(DOCUMENT.replace(b"alert", b"alarm"), "not_an_alert", id="another root"),
        pytest.param(b"<alert/>", "not_an_alert", id="no namespace"),
        pytest.param(b"<a>" * 500 + b"</a>" * 500, "not_xml", id="deep"),
        pytest.param(DOCUMENT + b" " * reading.LARGEST, "too_large", id="a megabyte"),
    ],
)
def test_what_is_no_alert_is_refused(document: bytes, code: str) -> None:
    with pytest.raises(cap.Unreadable, match=r"^alert ") as refused:
        cap.read(document)
    assert refused.value.finding.code == code


POLYGON = "39.10,-105.10 39.10,-105.00 39.20,-105.00 39.10,-105.10"


@pytest.mark.parametrize(
    ("path", "code", "old", "new"),
    [
        ("sent", "time_malformed", "2026-11-21T08:15:03-07:00", "2026-11-21T15:15:03Z"),
        ("sent", "time_malformed", "2026-11-21T08:15:03-07:00", "2026-11-21T08:15:03"),
        ("sent", "time_malformed", "2026-11-21T08:15:03-07:00", "2026-11-21T08:15:03.5-07:00"),
        ("sent", "time_malformed", "2026-11-21T08:15:03-07:00", "2026-11-21 08:15:03-07:00"),
        ("sent", "time_malformed", "2026-11-21T08:15:03-07:00", "2026-11-21T08:15:03-0700"),
        ("sent", "time_malformed", "2026-11-21T08:15:03-07:00", "2026-11-31T08:15:03-07:00"),
        ("sent", "time_malformed", "2026-11-21T08:15:03-07:00", "2026-11-21T08:15:03,07:00"),
        ("sent", "time_malformed", "2026-11-21T08:15:03-07:00", "٢٠٢٦-11-21T08:15:03-07:00"),
        ("info[1]/expires", "time_malformed", "2026-11-21T10:15:03-07:00", "tomorrow"),
        ("status", "code_unknown", "<status>Actual<", "<status>actual<"),
        ("status", "code_unknown", "<status>Actual<", "<status> Actual<"),
        ("msgType", "code_unknown", "<msgType>Alert<", "<msgType>Alarm<"),
        ("scope", "code_unknown", "<scope>Public<", "<scope><"),
        ("info[1]/category[1]", "code_unknown", "<category>Security<", "<category>Crime<"),
        ("info[1]/urgency", "code_unknown", "<urgency>Immediate<", "<urgency>Now<"),
        ("identifier", "element_missing", "<identifier>tipline-1</identifier>", ""),
        ("info[1]/event", "element_missing", "<event>Lockdown</event>", ""),
        ("info[1]/category", "element_missing", "<category>Security</category>", ""),
        ("info[1]/area[1]/areaDesc", "element_missing", "<areaDesc>Lincoln High</areaDesc>", ""),
        ("info[1]/eventCode[1]/value", "element_missing", "<value>LEW</value>", ""),
        ("identifier", "element_repeated", "<sender>", "<identifier>2</identifier><sender>"),
        ("identifier", "element_repeated", "</alert>", "<identifier>2</identifier></alert>"),
        ("note", "element_out_of_order", "</alert>", "<note>x</note></alert>"),
        ("info[1]/audience", "element_out_of_order", "</info>", "<audience>x</audience></info>"),
        ("info[1]/category[2]", "element_out_of_order", "</info>", "<category>Fire</category></info>"),
        ("alert", "element_unknown", "<status>", "<secret>x</secret><status>"),
        ("info[1]", "element_unknown", "<event>", "<sent>x</sent><event>"),
        ("info[1]/event", "element_unknown", "<event>Lockdown", "<event>Lock<b>down</b>"),
        ("alert", "element_foreign", "<status>", '<x xmlns="urn:other">x</x><status>'),
        ("info[1]", "element_foreign", "<event>", '<x xmlns="http://www.w3.org/2000/09/xmldsig#"/><event>'),
        ("alert", "element_foreign", "<status>", '<x xmlns="http://www.w3.org/2000/09/xmldsig#"/><status>'),
        ("alert", "stray_text", "<status>", "hello<status>"),
        ("info[1]/area[1]", "stray_text", "<areaDesc>", "hello<areaDesc>"),
        ("alert", "attribute", "<alert ", '<alert id="1" '),
        ("info[1]/event", "attribute", "<event>", '<event lang="en">'),
        ("references", "references_malformed", "<info>", "<references>a,b</references><info>"),
        ("references", "references_malformed", "<info>", "<references>a,b,2026-11-21T08:15:03Z</references><info>"),
        ("references", "references_malformed", "<info>", "<references>, , ,</references><info>"),
        ("references", "time_malformed", "<info>", "<references>a,b,2026-02-30T08:15:03-07:00</references><info>"),
        ("incidents", "quote_open", "<info>", '<incidents>"one two</incidents><info>'),
        ("info[1]/area[1]/polygon[1]", "polygon_malformed", POLYGON, "abc"),
        ("info[1]/area[1]/polygon[2]", "polygon_malformed", "<circle>", "<polygon>1;1</polygon><circle>"),
        ("info[1]/area[1]/circle[1]", "circle_malformed", "39.1500,-105.05 0.5", "39.1500,-105.05"),
        ("info[1]/area[1]/altitude", "number_malformed", "<altitude>5280<", "<altitude>1e999999999<"),
        ("info[1]/area[1]/altitude", "number_malformed", "<altitude>5280<", "<altitude>NaN<"),
        ("info[1]/area[1]/ceiling", "number_malformed", "<ceiling>5400.5<", f"<ceiling>{'9' * 5000}<"),
    ],
)
def test_what_is_not_cap_is_refused_by_its_element(path: str, code: str, old: str, new: str) -> None:
    assert old in DOCUMENT.decode()
    with pytest.raises(cap.Unreadable) as refused:
        cap.read(DOCUMENT.decode().replace(old, new, 1).encode())
    assert (refused.value.finding.path, refused.value.finding.code) == (path, code)
    assert str(refused.value).startswith(f"{path} ")


def test_a_size_that_is_no_number_is_refused() -> None:
    document = cap.render(with_resource(size=5))
    for size in b"9" * 5000, b"5.0", b"five", b"":
        broken = document.replace(b"<size>5<", b"<size>%s<" % size)
        if size:
            with pytest.raises(cap.Unreadable, match=r"^info\[1\]/resource\[1\]/size is not a whole number"):
                cap.read(broken)
        else:
            assert cap.read(broken).infos[0].resources[0].size is None


def test_comments_and_instructions_split_no_text() -> None:
    split = DOCUMENT.replace(b"<event>Lockdown<", b"<!-- a --><event>Lock<!-- b -->do<?c d?>wn<", 1)
    assert cap.read(b"<?x y?>" + split[len(HEAD) :]) == alert()


def test_blanks_prefixes_and_other_encodings_change_nothing() -> None:
    text = DOCUMENT.decode()
    prefixed = re.sub(r"<(/?)(\w)", r"<\1c:\2", text[len(HEAD) :]).replace("xmlns=", "xmlns:c=")
    assert cap.read(prefixed.encode()) == alert()
    assert cap.read(text.replace("><", ">\n  <").encode()) == alert()
    assert cap.read(text.replace("UTF-8", "UTF-16").encode("utf-16")) == alert()
    assert cap.read(b"\xef\xbb\xbf" + DOCUMENT) == alert()


def test_empty_elements_that_may_be_absent_are_read_as_absent() -> None:
    empty = DOCUMENT.replace(b"<info>", b"<note/><references></references><incidents/><info>", 1)
    assert cap.read(empty) == alert()


def test_a_schema_location_is_left_aside() -> None:
    location = b'<alert xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:schemaLocation="a b" '
    assert cap.read(DOCUMENT.replace(b"<alert ", location, 1)) == alert()


@given(seed=some.integers(0, 10**9))
def test_whatever_is_changed_in_a_document_it_is_read_or_refused(seed: int) -> None:
    chance = random.Random(seed)
    changed = bytearray(DOCUMENT)
    for _ in range(chance.randint(1, 6)):
        place = chance.randrange(len(changed))
        changed[place : place + chance.randint(0, 9)] = bytes(chance.choice(b'<>&;"-/ 09azZ\x00\xff') for _ in range(3))
    try:
        found = cap.read(bytes(changed))
    except cap.Unreadable as refused:
        assert refused.finding.path  # noqa: PT017 - either may be
    else:
        assert isinstance(found, cap.Alert)
        assert isinstance(cap.check(found), tuple)


def test_the_preview_is_the_same_alert() -> None:
    preview = cap.pretty(DOCUMENT)
    assert "\n  <identifier>tipline-1</identifier>\n" in preview
    assert cap.read(preview.encode()) == alert()
