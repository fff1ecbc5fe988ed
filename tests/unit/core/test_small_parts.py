"""The small parts of the foundation: times, pseudonyms, statuses, wording, logs."""

from __future__ import annotations

import io
import json
import logging
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from gateway.core import logs, messages, pseudonyms, times, wording

GSM_7 = set(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)


def test_iso_writes_utc() -> None:
    mountain = timezone(timedelta(hours=-7))
    assert times.iso(datetime(2026, 11, 21, 23, 5, tzinfo=mountain)) == "2026-11-22T06:05:00.000Z"


def test_iso_refuses_a_time_without_zone() -> None:
    with pytest.raises(ValueError, match="without a zone"):
        times.iso(datetime(2026, 11, 21))  # noqa: DTZ001 - what is refused


def test_month_is_the_one_in_utc() -> None:
    assert times.month(datetime(2026, 11, 30, 20, 0, tzinfo=timezone(timedelta(hours=-7)))) == "2026-12"


def test_utc_now_is_aware() -> None:
    assert times.utc_now().tzinfo is UTC


def test_draw_gives_a_friendly_name() -> None:
    assert pseudonyms.draw(lambda _n: 0) == "Quiet Heron 10"
    assert pseudonyms.draw(lambda n: n - 1) == "Open Oriole 99"


@pytest.mark.parametrize("language", ["en", "es"])
def test_receipt_fits_one_text_and_a_lock_screen(language: str) -> None:
    text = wording.receipt(language)
    assert len(text) <= 160
    assert set(text) <= GSM_7
    assert "911" in text
    assert not {"gun", "tip", "school", "arma", "escuela"} & set(text.lower().replace(".", " ").split())


def test_receipt_is_in_both_languages_when_unknown() -> None:
    assert wording.receipt("und") == f"{wording.receipt('en')} / {wording.receipt('es')}"


@pytest.mark.parametrize(
    ("old", "new", "forward"),
    [
        ("queued", "sent", True), ("sent", "delivered", True), ("queued", "delivered", True), ("sent", "failed", True),
        ("delivered", "sent", False), ("delivered", "undelivered", False), ("sent", "sent", False),
        ("failed", "sent", False), ("undelivered", "delivered", False),
    ],
)  # fmt: skip
def test_moves_forward_never_goes_back(old: str, new: str, forward: bool) -> None:
    assert messages.moves_forward(old, new) is forward


@pytest.fixture
def stream(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    caught = io.StringIO()
    monkeypatch.setattr("sys.stderr", caught)
    logs.setup("intake", "INFO")
    return caught


def test_log_writes_an_exception_without_its_text(stream: io.StringIO) -> None:
    try:
        raise ValueError("+13035550123 has a gun")
    except ValueError as error:
        logs.log().error("a fixed sentence", code="x", error=error)
    line: dict[str, Any] = json.loads(stream.getvalue())
    assert line["event"] == "a fixed sentence"
    assert line["process"] == "intake"
    assert line["error"].startswith("ValueError at test_small_parts.py:")
    assert "gun" not in stream.getvalue()


def test_log_keeps_a_librarys_own_words_out(stream: io.StringIO) -> None:
    logging.getLogger("some.library").warning("body was: he has a gun, from +13035550123")
    logging.getLogger("twilio.http_client").warning("To=+13035550123")
    assert "some.library" in stream.getvalue()
    assert "gun" not in stream.getvalue()
    assert "3035550123" not in stream.getvalue()
