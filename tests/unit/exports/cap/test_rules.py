"""Each way of breaking CAP 1.2 that its schema lets pass, and some that it does not: refused, the element named."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest

from exports import cap
from gateway.core.errors import BadInput
from tests.support.alerts import alert, area, with_area, with_info, with_resource

SENT = alert().sent
REFERENCE = cap.Reference("alerts@district7.example", "tipline-0", SENT - timedelta(hours=1))
INFO = alert().infos[0]
AUSTRALIA = "urn:oasis:names:tc:emergency:cap:1.2:profile:CAP-AU:1.0"
UPDATE, CANCEL = cap.MsgType.UPDATE, cap.MsgType.CANCEL


def wrong(value: object) -> Any:
    """Hand over what the types forbid, as a form may."""
    return cast(Any, value)


def with_sent(sent: datetime) -> cap.Alert:
    return alert(sent=sent)


BROKEN = [
    # Identifiers and senders
    ("identifier", "element_empty", alert(identifier="")),
    ("identifier", "element_empty", alert(identifier=" ")),
    ("identifier", "alphabet", alert(identifier="tip line")),
    ("identifier", "alphabet", alert(identifier="tip,line")),
    ("identifier", "alphabet", alert(identifier="tip<line")),
    ("identifier", "alphabet", alert(identifier="tip&line")),
    ("identifier", "alphabet", alert(identifier="tip\nline")),
    ("identifier", "element_missing", alert(identifier=None)),
    ("identifier", "element_malformed", alert(identifier=7)),
    ("sender", "element_empty", alert(sender="")),
    ("sender", "alphabet", alert(sender="the district")),
    ("sender", "alphabet", alert(sender="a,b@d7.example")),
    # Times
    ("sent", "offset_missing", with_sent(SENT.replace(tzinfo=None))),
    ("sent", "time_fraction", with_sent(SENT.replace(microsecond=5))),
    ("sent", "offset_malformed", with_sent(SENT.replace(tzinfo=timezone(timedelta(hours=-7, seconds=4))))),
    ("sent", "offset_malformed", with_sent(SENT.replace(tzinfo=timezone(timedelta(hours=15))))),
    ("sent", "time_malformed", alert(sent="2026-11-21T08:15:00Z")),
    ("info[1]/effective", "offset_missing", with_info(effective=datetime(2026, 11, 21, 9))),  # noqa: DTZ001 - the fault
    ("info[1]/onset", "time_fraction", with_info(onset=SENT + timedelta(milliseconds=1))),
    ("info[1]/expires", "expires_early", with_info(expires=SENT)),
    ("info[1]/expires", "expires_early", with_info(expires=SENT - timedelta(days=1))),
    ("info[1]/expires", "expires_early", with_info(effective=SENT + timedelta(days=1))),
    ("info[1]/expires", "expires_early", with_info(onset=SENT + timedelta(days=1))),
    # Codes of lists
    ("status", "code_unknown", alert(status=wrong("actual"))),
    ("msgType", "code_unknown", alert(msg_type=wrong("Alarm"))),
    ("scope", "code_unknown", alert(scope=wrong(""))),
    ("info[1]/category[1]", "code_unknown", with_info(categories=wrong(("Crime",)))),
    ("info[1]/category", "element_missing", with_info(categories=())),
    ("info[1]/category[2]", "repeated", with_info(categories=(cap.Category.SAFETY, cap.Category.SAFETY))),
    ("info[1]/responseType[1]", "code_unknown", with_info(response_types=wrong(("Hide",)))),
    ("info[1]/responseType[2]", "repeated", with_info(response_types=(cap.ResponseType.AVOID, cap.ResponseType.AVOID))),
    ("info[1]/urgency", "code_unknown", with_info(urgency=wrong("Now"))),
    ("info[1]/severity", "element_missing", with_info(severity=None)),
    ("info[1]/certainty", "code_unknown", with_info(certainty=wrong("Very Likely"))),
    # Who may read it
    ("restriction", "restriction_missing", alert(scope=cap.Scope.RESTRICTED)),
    ("restriction", "element_empty", alert(scope=cap.Scope.RESTRICTED, restriction=" ")),
    ("restriction", "restriction_surplus", alert(restriction="Staff")),
    ("restriction", "restriction_surplus", alert(scope=cap.Scope.PRIVATE, addresses=("a",), restriction="Staff")),
    ("addresses", "addresses_missing", alert(scope=cap.Scope.PRIVATE)),
    ("addresses", "element_empty", alert(scope=cap.Scope.PRIVATE, addresses=("",))),
    ("addresses", "list_item", alert(addresses=('the "A" team',))),
    ("addresses", "repeated", alert(addresses=("a@d7.example", "a@d7.example"))),
    ("incidents", "list_item", alert(incidents=('one"', "two"))),
    # Profiles
    ("code[2]", "repeated", alert(codes=(cap.IPAWS, cap.IPAWS))),
    ("code[2]", "profiles_conflict", alert(codes=(cap.IPAWS, "profile:CAP-CP:0.4"))),
    ("code[3]", "profiles_conflict", alert(codes=("IPAWSv1.0", "layer:CAPAN:1.0", "IPAWSv1.1"))),
    (
        "code[2]",
        "profiles_conflict",
        alert(codes=("urn:oasis:names:tc:emergency:cap:1.2:profile:CAP-AU:1.0", cap.IPAWS)),
    ),
    ("code[1]", "element_empty", alert(codes=("",))),
    # References
    ("references", "references_missing", alert(msg_type=UPDATE)),
    ("references", "references_missing", alert(msg_type=CANCEL)),
    ("references", "references_missing", alert(msg_type=cap.MsgType.ACK)),
    ("references", "references_missing", alert(msg_type=cap.MsgType.ERROR)),
    ("references", "references_malformed", alert(msg_type=UPDATE, references=(replace(REFERENCE, sender="a b"),))),
    ("references", "references_malformed", alert(msg_type=UPDATE, references=(replace(REFERENCE, identifier="a,b"),))),
    ("references", "references_malformed", alert(msg_type=UPDATE, references=(replace(REFERENCE, identifier=""),))),
    (
        "references",
        "references_malformed",
        alert(msg_type=UPDATE, references=(replace(REFERENCE, sent=REFERENCE.sent.replace(tzinfo=None)),)),
    ),
    ("references", "references_itself", alert(msg_type=UPDATE, references=(alert().reference,))),
    (
        "references",
        "references_later",
        alert(msg_type=CANCEL, references=(replace(REFERENCE, sent=SENT + timedelta(seconds=1)),)),
    ),
    ("references", "repeated", alert(msg_type=CANCEL, references=(REFERENCE, REFERENCE))),
    # Infos
    ("info", "info_missing", alert(infos=())),
    ("info[2]", "info_repeated", alert(infos=(INFO, replace(INFO, headline="Other words")))),
    ("info[2]", "info_repeated", alert(infos=(replace(INFO, language=None), replace(INFO, language="EN-us")))),
    ("info[1]/event", "element_empty", with_info(event="")),
    ("info[1]/headline", "element_empty", with_info(headline="")),
    ("info[1]/description", "character", with_info(description="a\x00b")),
    ("info[1]/description", "character", with_info(description="a\x1bb")),
    ("info[1]/instruction", "character", with_info(instruction="a\ud83d")),
    ("info[1]/instruction", "character", with_info(instruction="a\uffff")),
    ("info[1]/language", "language", with_info(language="english")),
    ("info[1]/language", "language", with_info(language="en_US")),
    ("info[1]/language", "language", with_info(language="e")),
    ("info[1]/language", "language", with_info(language="en-")),
    ("info[1]/language", "element_empty", with_info(language="")),
    ("info[1]/web", "web", with_info(web="district7.example/alerts")),
    ("info[1]/web", "web", with_info(web="/alerts")),
    ("info[1]/web", "web", with_info(web="https://")),
    ("info[1]/web", "web", with_info(web="https://d7.example/a b")),
    ("info[1]/web", "web", with_info(web="https://[d7")),
    ("info[1]/eventCode[1]/valueName", "element_empty", with_info(event_codes=(cap.Named("", "LEW"),))),
    ("info[1]/eventCode[2]", "repeated", with_info(event_codes=(cap.Named("SAME", "LEW"), cap.Named("SAME", "LEW")))),
    ("info[1]/parameter[1]/valueName", "element_empty", with_info(parameters=(cap.Named(" ", "x"),))),
    ("info[1]/parameter[1]", "element_malformed", with_info(parameters=wrong(({"EAS-ORG": "CIV"},)))),
    # Resources
    ("info[1]/resource[1]/resourceDesc", "element_empty", with_resource(resource_desc="")),
    ("info[1]/resource[1]/mimeType", "mime_type", with_resource(mime_type="png")),
    ("info[1]/resource[1]/mimeType", "mime_type", with_resource(mime_type="image/")),
    ("info[1]/resource[1]/size", "size", with_resource(size=-1)),
    ("info[1]/resource[1]/size", "number_malformed", with_resource(size=10**15)),
    ("info[1]/resource[1]/uri", "uri", with_resource(uri="map.png")),
    ("info[1]/resource[1]/uri", "uri", with_resource(uri="https://[d7")),
    ("info[1]/resource[1]/uri", "uri", with_resource(uri="a map.png", deref_uri="aGVsbG8=")),
    ("info[1]/resource[1]/derefUri", "deref_uri", with_resource(deref_uri="not base64!")),
    ("info[1]/resource[1]/size", "size_differs", with_resource(deref_uri="aGVsbG8=", size=6)),
    ("info[1]/resource[1]/digest", "digest", with_resource(digest="abc")),
    ("info[1]/resource[1]/digest", "digest_differs", with_resource(deref_uri="aGVsbG8=", digest="a" * 40)),
    # Areas
    ("info[1]/area[1]/areaDesc", "element_empty", with_area(area_desc="")),
    ("info[1]/area[1]/geocode[1]/valueName", "element_empty", with_area(geocodes=(cap.Named("", "1"),))),
    ("info[1]/area[1]/geocode[2]", "repeated", with_area(geocodes=(cap.Named("SAME", "008031"),) * 2)),
    ("info[1]/area[1]/ceiling", "ceiling_alone", with_area(altitude=None)),
    ("info[1]/area[1]/ceiling", "ceiling_low", with_area(altitude=Decimal(6000))),
    ("info[1]/area[1]/altitude", "number_malformed", with_area(altitude=Decimal("NaN"))),
    ("info[1]/area[1]/altitude", "number_malformed", with_area(altitude=Decimal("1E+999999"))),
    ("info[1]/area[1]/ceiling", "number_malformed", with_area(ceiling=Decimal("1E-999999"))),
    ("info[1]/area[1]/polygon[1]", "polygon_open", with_area(polygons=(cap.polygon("1,1 1,2 2,2 2,1"),))),
    ("info[1]/area[1]/circle[1]", "circle_radius", with_area(circles=(cap.Circle(cap.point(1, 1), Decimal(-1)),))),
    (
        "info[1]/area[2]/polygon[2]",
        "polygon_short",
        with_info(areas=(area(), replace(area(), polygons=(*area().polygons, cap.polygon("1,1 1,2 1,1"))))),
    ),
]


def test_a_whole_alert_is_let_pass() -> None:
    assert cap.check(alert()) == ()
    assert cap.render(alert())


@pytest.mark.parametrize(
    ("path", "code", "broken"), BROKEN, ids=[f"{number} {path} {code}" for number, (path, code, _) in enumerate(BROKEN)]
)
def test_a_broken_alert_is_refused_and_the_element_named(path: str, code: str, broken: cap.Alert) -> None:
    assert (path, code) in {(finding.path, finding.code) for finding in cap.check(broken) if not finding.advice}
    with pytest.raises(cap.Refused) as refused:
        cap.render(broken)
    (found,) = [finding for finding in refused.value.findings if (finding.path, finding.code) == (path, code)]
    assert found.message.startswith(f"{path} ")
    assert found.element == path.rsplit("/", 1)[-1].split("[", maxsplit=1)[0]
    assert found.message in str(refused.value)
    assert isinstance(refused.value, BadInput)


@pytest.mark.parametrize(
    "whole",
    [
        alert(scope=cap.Scope.RESTRICTED, restriction="Staff"),
        alert(scope=cap.Scope.PRIVATE, addresses=("a@d7.example", "all principals")),
        alert(addresses=("a@d7.example",)),
        alert(msg_type=UPDATE, references=(REFERENCE,)),
        alert(msg_type=cap.MsgType.ACK, references=(REFERENCE,), infos=()),
        alert(status=cap.Status.SYSTEM, infos=()),
        alert(codes=(cap.IPAWS, "layer:CAPAN:1.0", "anything")),
        alert(sent=SENT.astimezone(UTC)),
        alert(infos=(INFO, replace(INFO, audience="Parents"))),
        with_info(language="es"),
        with_info(language="zh-Hant-TW"),
        with_info(language="i-navajo"),
        with_info(web="mailto:office@district7.example"),
        with_info(headline="<b>&amp;</b> ]]> \t\r\n \U0001f642"),
        with_info(expires=None),
        with_info(parameters=(cap.Named("BLOCKCHANNEL", ""),)),
        with_resource(mime_type="text/plain; charset=utf-8"),
        with_resource(uri="map.png", deref_uri="aGVs\nbG8=", size=5, digest="AAF4C61DDCC5E8A2DABEDE0F3B482CD9AEA9434D"),
        with_area(polygons=(), circles=(), geocodes=(), altitude=None, ceiling=None),
    ],
)
def test_what_is_allowed_passes_and_reads_back(whole: cap.Alert) -> None:
    assert [finding for finding in cap.check(whole) if not finding.advice] == []
    assert cap.read(cap.render(whole)) == whole


@pytest.mark.parametrize(
    ("path", "code", "doubtful"),
    [
        ("note", "note_missing", alert(status=cap.Status.EXERCISE)),
        ("note", "note_missing", alert(msg_type=cap.MsgType.ERROR, references=(REFERENCE,))),
        ("info[1]/headline", "headline_long", with_info(headline="a" * 161)),
        (
            "info[1]/responseType",
            "response_none",
            with_info(response_types=(cap.ResponseType.NONE, cap.ResponseType.SHELTER)),
        ),
        ("info[1]/resource[1]/uri", "uri_missing", with_resource(uri=None)),
    ],
)
def test_what_is_only_unwise_is_advice_and_leaves(path: str, code: str, doubtful: cap.Alert) -> None:
    assert [(one.path, one.code, one.advice) for one in cap.check(doubtful)] == [(path, code, True)]
    assert cap.read(cap.render(doubtful)) == doubtful


def test_utc_is_written_as_the_standard_wants_it() -> None:
    document = cap.render(alert(sent=SENT.astimezone(UTC)))
    assert b"<sent>2026-11-21T15:15:03-00:00</sent>" in document
    assert b"Z<" not in document
    assert b"+00:00" not in document


def test_every_error_is_named_at_once() -> None:
    broken = alert(identifier="a b", scope=cap.Scope.PRIVATE, infos=(replace(INFO, web="no"),))
    with pytest.raises(cap.Refused) as refused:
        cap.render(broken)
    assert [finding.path for finding in refused.value.findings] == ["identifier", "addresses", "info[1]/web"]


def test_no_message_repeats_what_was_written() -> None:
    secret = "sec ret"
    for broken in (
        alert(identifier=secret),
        with_info(web=secret),
        with_info(language=secret),
        alert(status=wrong(secret)),
    ):
        assert all(secret not in finding.message for finding in cap.check(broken))
        assert cap.check(broken)


@pytest.mark.parametrize("sent_at", ["2026-11-01T07:10:05", "2026-11-01T08:10:05", "2026-03-08T08:50:00"])
def test_an_alert_lasts_as_long_as_it_says_where_clocks_are_changed(sent_at: str) -> None:
    at = datetime.fromisoformat(sent_at).replace(tzinfo=UTC)
    sent = cap.moment(at, "America/Denver")
    whole = alert(sent=sent, infos=(replace(INFO, expires=sent + timedelta(minutes=45)),))
    assert cap.check(whole) == ()
    read = cap.read(cap.render(whole))
    assert read.sent == at
    assert read.expires == at + timedelta(minutes=45)


def test_times_are_compared_as_instants_and_not_by_the_clock_on_the_wall() -> None:
    denver = ZoneInfo("America/Denver")
    sent = datetime(2026, 11, 1, 1, 10, tzinfo=denver, fold=1)
    before = datetime(2026, 11, 1, 1, 50, tzinfo=denver)  # Twenty minutes before it, in the first of the two hours.
    whole = alert(sent=sent, infos=(replace(INFO, expires=before),))
    assert [finding.code for finding in cap.check(whole)] == ["expires_early"]
