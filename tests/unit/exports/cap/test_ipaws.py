"""The IPAWS profile, rule by rule of what it asks, and the texts that phones ring for."""

from dataclasses import replace
from datetime import UTC, timedelta

import pytest

from exports import cap
from exports.cap import ipaws, wea
from tests.support.alerts import alert, with_area, with_info

WHOLE = alert()
INFO = WHOLE.infos[0]
SAME = cap.Named("SAME", "LEW")
EVACUATE = (cap.Named("SAME", "EVI"),)


def parameters(*values: tuple[str, str]) -> tuple[cap.Named, ...]:
    return (cap.Named("EAS-ORG", "CIV"), *(cap.Named(name, value) for name, value in values))


def wide() -> cap.Polygon:
    return tuple(cap.point(39 + step / 1000, -105 + (step % 2)) for step in range(101))


BROKEN = [
    ("code", "ipaws_code", alert(codes=())),
    ("code", "ipaws_code", alert(codes=("ipawsv1.0",))),
    ("info", "ipaws_info", alert(infos=())),
    ("info[2]/category", "ipaws_category", alert(infos=(INFO, replace(INFO, categories=(cap.Category.FIRE,))))),
    (
        "info[2]/eventCode",
        "ipaws_event_code",
        alert(infos=(INFO, replace(INFO, event_codes=(cap.Named("SAME", "EVI"),)))),
    ),
    ("info[1]/expires", "ipaws_expires", with_info(expires=None)),
    ("info[1]/eventCode", "ipaws_same", with_info(event_codes=())),
    ("info[1]/eventCode", "ipaws_same", with_info(event_codes=(cap.Named("same", "LEW"),))),
    ("info[1]/eventCode", "ipaws_same", with_info(event_codes=(SAME, cap.Named("SAME", "EVI")))),
    ("info[1]/eventCode", "ipaws_same", with_info(event_codes=(cap.Named("SAME", "LEWD"),))),
    ("info[1]/eventCode", "ipaws_same", with_info(event_codes=(cap.Named("SAME", "lew"),))),
    ("info[1]/area", "ipaws_area", with_info(areas=())),
    ("info[1]/area[1]/geocode", "ipaws_geocode_malformed", with_area(geocodes=(cap.Named("SAME", "08031"),))),
    ("info[1]/area[1]/geocode", "ipaws_geocode_malformed", with_area(geocodes=(cap.Named("SAME", "CO-031"),))),
    ("info[1]/parameter", "ipaws_originator", with_info(parameters=(cap.Named("EAS-ORG", "SCHOOL"),))),
    ("info[1]/parameter", "wea_long", with_info(parameters=parameters(("CMAMtext", "a" * 91)))),
    ("info[1]/parameter", "wea_long", with_info(parameters=parameters(("CMAMtext", "€" * 46)))),
    ("info[1]/parameter", "wea_long", with_info(parameters=parameters(("CMAMtext", "a"), ("CMAMlongtext", "a" * 361)))),
    ("info[1]/parameter", "wea_alphabet", with_info(parameters=parameters(("CMAMtext", "Evacuación")))),
    ("info[1]/parameter", "wea_alphabet", with_info(parameters=parameters(("CMAMtext", "Run “now”")))),
    ("info[1]/parameter", "wea_repeated", with_info(parameters=parameters(("CMAMtext", "a"), ("CMAMtext", "b")))),
    ("info[1]/parameter", "wea_empty", with_info(parameters=parameters(("CMAMtext", "")))),
]
ADVICE = [
    ("sent", "ipaws_utc", alert(sent=WHOLE.sent.astimezone(UTC))),
    ("info[1]/expires", "ipaws_utc", with_info(expires=INFO.expires.astimezone(UTC) if INFO.expires else None)),
    ("info[1]/effective", "ipaws_effective", with_info(effective=WHOLE.sent + timedelta(minutes=1))),
    ("info[1]/onset", "ipaws_effective", with_info(onset=WHOLE.sent + timedelta(minutes=1))),
    ("info[1]/description", "ipaws_text", with_info(description=None)),
    ("info[1]/instruction", "ipaws_text", with_info(instruction=None)),
    ("info[1]/area[1]/geocode", "ipaws_geocode", with_area(geocodes=())),
    ("info[1]/parameter", "ipaws_originator", with_info(parameters=())),
    ("info[1]/parameter", "wea_short_missing", with_info(parameters=parameters(("CMAMlongtext", "a")))),
    ("info[1]/area[1]/polygon[1]", "wea_vertices", with_area(polygons=(wide(),))),
    ("info", "ipaws_info", alert(msg_type=cap.MsgType.CANCEL, infos=())),
]


def test_a_template_follows_the_profile_without_a_word_of_advice() -> None:
    assert cap.ipaws.check(WHOLE) == ()


@pytest.mark.parametrize(("path", "code", "broken"), BROKEN, ids=[f"{n} {one[1]}" for n, one in enumerate(BROKEN)])
def test_a_rule_broken_is_an_error_that_names_the_element(path: str, code: str, broken: cap.Alert) -> None:
    found = [finding for finding in cap.ipaws.check(broken) if (finding.path, finding.code) == (path, code)]
    assert found
    assert not found[0].advice
    assert found[0].message.startswith(f"{path} ")
    with pytest.raises(cap.Refused):
        cap.refuse(cap.ipaws.check(broken))


@pytest.mark.parametrize(("path", "code", "doubtful"), ADVICE, ids=[one[1] for one in ADVICE])
def test_a_recommendation_broken_is_advice(path: str, code: str, doubtful: cap.Alert) -> None:
    found = [finding for finding in cap.ipaws.check(doubtful) if (finding.path, finding.code) == (path, code)]
    assert [finding.advice for finding in found] == [True]


def test_an_event_code_that_no_school_has_is_advice() -> None:
    rare = tuple(replace(info, event_codes=(cap.Named("SAME", "TOR"),)) for info in WHOLE.infos)
    assert {(one.code, one.advice) for one in cap.ipaws.check(alert(infos=rare))} == {("ipaws_same_rare", True)}
    assert all(len(code) == 3 for code in ipaws.EVENTS)


def test_an_effective_time_of_now_is_no_matter() -> None:
    assert cap.ipaws.check(with_info(effective=WHOLE.sent, onset=WHOLE.sent - timedelta(hours=1))) == ()


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Evacuación: ¡salga ya!", "Evacuacion: ¡salga ya!"),
        ("Él está en la Peña, ¿no?", "Él esta en la Peña, ¿no?"),
        ("El niño café über", "El niño café über"),
        ("“Run” – don’t wait…", '"Run" - don\'t wait...'),
        ("e\u0301 is \u00e9", "é is é"),
        ("Gym 🙂", "Gym "),
        ("ﬁre", "fire"),
    ],
)
def test_plain_keeps_what_phones_have(text: str, plain: str) -> None:
    assert wea.plain(text) == plain
    assert set(plain) <= wea.ALPHABET | wea.TWICE


def test_length_counts_the_second_page_twice() -> None:
    assert wea.length("a€[") == 5
    assert wea.check(with_info(parameters=parameters(("CMAMtext", "a" * 90), ("CMAMlongtext", "€" * 180)))) == ()


def test_the_alphabet_is_the_standards() -> None:
    # 128 places of the first page, less the escape; `\\f` stands on the second.
    assert len(wea.ALPHABET) == 127
    assert len(wea.TWICE) == 10
    assert not wea.ALPHABET & wea.TWICE
