"""What text may leave: the guard cannot be gone round, and codes, ids and times hold nothing else."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta, timezone
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as some

from exports import address_search
from exports.words import LONGEST, SIGN, Code, Id, Moment, Number, Size, Slug, Subject, Url, Version, Words
from gateway.core import receipts

AT = datetime(2026, 11, 30, 23, 14, 59, 999_000, tzinfo=UTC)


def told(text: str) -> str:
    return Words(text, written_by_staff=False).text


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("my name is Sarah Jones and Tyler has a gun", "Sarah"),
        ("call me at 303-555-0123", "0123"),
        ("mi ig es @sarah_xo", "sarah_xo"),
        ("my number is three oh three five five five oh one two three", "three oh"),
        ("my email is sarah.jones at gmail dot com", "sarah.jones"),
    ],
)
def test_words_of_a_reporter_hide_who_they_are(text: str, secret: str) -> None:
    assert secret not in told(text)
    assert len(told(text)) == len(text)


def test_words_of_a_reporter_show_whom_they_tell_of() -> None:
    assert told("Tyler has a gun, call him at 720-555-0131") == "Tyler has a gun, call him at 720-555-0131"


@pytest.mark.parametrize("text", ["her number is 303-555-0123", "she wrote from sarah@example.org", "it is 5550123"])
def test_words_of_staff_hide_every_number_and_address(text: str) -> None:
    hidden = Words(text).text
    assert SIGN * 7 in hidden
    assert "0123" not in hidden
    assert "@example" not in hidden


def test_words_of_staff_keep_times_and_rooms() -> None:
    text = "Met her 2026-11-30 at 14:05 in room 204, case 2026-0012, called 911"
    assert Words(text).text == text


@pytest.mark.parametrize("dress", ["{}", "my code: {}!", "({})", "{}\n"])
def test_receipts_are_hidden_however_they_are_typed(dress: str) -> None:
    random = Random(7)
    for _ in range(300):
        shown = receipts.draw(random.randbytes).shown()
        for typed in (shown, shown.lower(), shown.replace("-", ""), shown.replace("-", " "), shown.replace("-", " - ")):
            assert typed.upper() not in told(dress.format(typed)).upper() or not any(map(str.isdigit, typed))


def test_words_that_look_a_little_like_a_receipt_stay() -> None:
    for text in ("they were here 2026", "that girl went home", "this room 2040 with knife", "responsibilities"):
        assert told(text) == text


@pytest.mark.parametrize("secret", ["tip_" + "aB3-_" * 8, "ab12" * 8, "SM" + "0f" * 16], ids=["token", "id", "sid"])
def test_tokens_and_ids_are_hidden(secret: str) -> None:
    assert secret not in told(f"see {secret} there")


def test_what_the_guard_did_not_look_through_does_not_leave() -> None:
    text = told("x " * LONGEST + "my name is Sarah Jones")
    assert len(text) == LONGEST
    assert "Sarah" not in text


@given(some.text(some.characters(), max_size=80))
def test_words_can_always_be_written(text: str) -> None:
    words = told(text)
    words.encode()
    assert not any(ord(sign) < 32 and sign not in "\t\n\r" for sign in words)


def test_words_cannot_be_changed_nor_shown_by_accident() -> None:
    words = Words("a secret")
    with pytest.raises(dataclasses.FrozenInstanceError):
        words.text = "call me at 303-555-0123"  # type: ignore[misc]
    assert "secret" not in repr(words)


@pytest.mark.parametrize(
    "text", ["+13035550123", "303-555-0123", "3035550123", "Sarah", "a b", "K7QF-2M9D-0X4T-WB8N", ""]
)
def test_codes_hold_codes_alone(text: str) -> None:
    assert Code(text) == "other"
    assert Version(text) == "unknown"


def test_codes_of_ours_are_kept() -> None:
    for code in ("planned_attack", "case.acknowledged", "image/jpeg", "video/3gpp", "sms", "cedar-2", "en"):
        assert Code(code) == code
    assert Version("2026.11.5") == "2026.11.5"


@pytest.mark.parametrize(
    "slug",
    [
        "27j",
        "9th-grade-campus",
        "a" * 63,
        "ps-118-11201",
        "lincoln",
        "high-school-2026-2027",
        "123456",
        "jfk-magnet-k8-prep-1",
    ],
)
def test_short_names_of_schools_are_kept(slug: str) -> None:
    assert Slug(slug) == slug


@pytest.mark.parametrize("text", ["3035550123", "303-555-0123", "sarah jones", "Sarah", "a" * 64, "", "a\n", "5550123"])
def test_short_names_hold_no_number_and_no_words(text: str) -> None:
    assert Slug(text) == "other"


@pytest.mark.parametrize("by_staff", [True, False])
@pytest.mark.parametrize(
    "address",
    [
        "203.0.113.77", "8.8.8.8", "255.255.255.255", "2001:db8::77", "2001:DB8:0:0:8:800:200C:417A", "fe80::1",
        "::ffff:203.0.113.77", "64:ff9b::203.0.113.77", "\u0662\u0660\u0663.\u0660.\u0661\u0661\u0663.\u0667\u0667",
    ],
)  # fmt: skip
def test_network_addresses_are_hidden(address: str, by_staff: bool) -> None:
    for said in ("I write from {}", "{} is me.", "({}), [{}]:443 and {}: hi", "ip:{}, {}."):
        whole = Words(said.replace("{}", address), written_by_staff=by_staff).text
        # Of what staff write more is hidden: their numbers may stand in brackets.
        assert address not in whole if by_staff else whole == said.replace("{}", SIGN * len(address))


@pytest.mark.parametrize("signs", ["a", ":", "a:", "1.", "1:"])
def test_network_addresses_are_looked_for_at_each_sign_once(signs: str) -> None:
    assert address_search.find(signs * 100_000) == []


@pytest.mark.parametrize(
    "text", ["at 12:30:45 in 1.2.3", "version 2026.11.6", "room 300.1.2.400", "1.2.3.4.5", ":: a::, b::", "a:b:c"]
)
def test_what_is_no_network_address_stays(text: str) -> None:
    assert Words(text, written_by_staff=False).text == text


@pytest.mark.parametrize("kind", [Code, Slug])
def test_neither_codes_nor_short_names_hold_a_receipt(kind: type[str]) -> None:
    random = Random(1)
    for _ in range(50):
        shown = receipts.draw(random.randbytes).shown().lower()
        for dress in (shown, shown.replace("-", ""), f"at-{shown}"):
            assert kind(dress) == "other"


@pytest.mark.parametrize(
    "text", ["high/303-555-0123", "a303.555.0123", "a_3_0_3_5_5_5_0", "a-5550123", "a303/555/0123"]
)
def test_codes_hold_no_number(text: str) -> None:
    assert Code(text) == "other"


KEY = "5e" * 16


@pytest.mark.parametrize(
    "text",
    [f"case/{KEY}", "log/1234567", "backup", "key/demo/2026-11", "account/unknown", f"retention/{KEY}"],
)
def test_subjects_are_kept(text: str) -> None:
    assert Subject(text) == text


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("case/3035550123", "case/other"), ("case/303/555/0123", "case/other"), ("key/303/555-0123", "key/other"),
        ("log/13035550123", "log/other"), ("case/ñ 100%", "case/other"), ("Sarah Jones", "other"),
        ("Sarah/lincoln", "other/lincoln"), (f"case/{KEY}/x", "case/other"), ("", "other"), ("case/", "case/other"),
    ],
)  # fmt: skip
def test_subjects_hold_nothing_else(text: str, kept: str) -> None:
    assert Subject(text) == kept


@pytest.mark.parametrize("text", ["2026.11.6+27j-1", "2026.11.6+cedar-valley-12", "2026.11.6"])
def test_the_version_of_a_districts_own_words_is_kept(text: str) -> None:
    assert Version(text) == text


@pytest.mark.parametrize("pack", ["", "3035550123", "303-555-0123", "a b-1", "a" * 30])
def test_versions_hold_nothing_else(pack: str) -> None:
    assert Version(f"2026.11.6+{pack}") == "unknown"


@pytest.mark.parametrize("text", ["3035550123", "Sarah", "+1 303 555 0123", "0" * 31, "G" * 32])
def test_ids_and_numbers_refuse_what_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="not an id"):
        Id(text)
    with pytest.raises(ValueError, match="not the number"):
        Number(text)
    with pytest.raises(ValueError, match="not an address"):
        Url(f"https://tips.example.org/?from={text}")


@pytest.mark.parametrize(
    ("size_bytes", "kilobytes"), [(0, 0), (1, 100), (100_000, 100), (100_001, 200), (3_141_592, 3200)]
)
def test_sizes_are_told_up_to_the_next_hundred(size_bytes: int, kilobytes: int) -> None:
    assert Size(size_bytes) == kilobytes


def test_times_are_told_as_spans() -> None:
    assert Moment.coarse(AT, 15) == Moment(datetime(2026, 11, 30, 23, 0, tzinfo=UTC), 15)
    assert Moment.coarse(AT, 0) == Moment(AT, 0)
    assert Moment.coarse(AT, 1440).at == datetime(2026, 11, 30, tzinfo=UTC)
    west = AT.astimezone(timezone(timedelta(hours=-7)))
    assert Moment.coarse(west, 15) == Moment.coarse(AT, 15)


@given(some.integers(0, 86_399), some.sampled_from([1, 5, 15, 30, 60, 240]))
def test_all_times_of_a_span_are_told_alike(second: int, minutes: int) -> None:
    midnight = datetime(2026, 11, 30, tzinfo=UTC)
    coarse = Moment.coarse(midnight + timedelta(seconds=second), minutes)
    assert coarse == Moment.coarse(coarse.at, minutes)
    assert timedelta() <= midnight + timedelta(seconds=second) - coarse.at < timedelta(minutes=minutes)
