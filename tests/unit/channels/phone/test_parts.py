"""The small parts of the phones: counting, reading, signing, waiting."""

from __future__ import annotations

import json
import logging
import threading
from pathlib import Path

import pytest

from channels.phone import config, hooks, records, twiml
from channels.phone.__main__ import demo_config
from channels.phone.config import Account, SharedKey
from channels.phone.errors import ApiError
from channels.phone.outbound import normalize_recipient
from channels.phone.timers import Timers


@pytest.mark.parametrize(
    ("body", "segments"),
    [
        pytest.param("", 1, id="empty"),
        pytest.param("a" * 160, 1, id="gsm-full"),
        pytest.param("a" * 161, 2, id="gsm-over"),
        pytest.param("€" * 80, 1, id="gsm-extended-full"),
        pytest.param("€" * 81, 2, id="gsm-extended-over"),
        pytest.param("ł" * 70, 1, id="ucs2-full"),
        pytest.param("ł" * 71, 2, id="ucs2-over"),
        pytest.param("👋" * 36, 2, id="emoji-counts-twice"),
    ],
)
def test_count_segments_counts_as_carriers_do(body: str, segments: int) -> None:
    assert records.count_segments(body) == segments


def test_make_clean_replaces_halves_and_keeps_pairs() -> None:
    assert records.make_clean("a\ud83d b \ud83d\udc4b") == "a\ufffd b 👋"


def test_sign_agrees_with_twilios_published_vector() -> None:
    params = {
        "CallSid": "CA1234567890ABCDE",
        "Digits": "1234",
        "From": "+14158675309",
        "To": "+18005551212",
        "Caller": "+14158675309",
    }
    headers = hooks.sign(Account("AC", "12345"), "https://mycompany.com/myapp.php?foo=1&bar=2", params)
    assert headers == {"X-Twilio-Signature": "RSOYDt4T1cUTdK1PDd93/VVr8B8="}


@pytest.mark.parametrize(
    ("url", "read"),
    [
        pytest.param("http://a/b?c=1", ("http://a/b?c=1", 0, {"ct"}), id="none"),
        pytest.param("http://a/b#rc=3&rp=all", ("http://a/b", 3, {"all"}), id="all"),
        pytest.param("http://a/b#rc=9&rp=4xx,rt", ("http://a/b", 5, {"4xx", "rt"}), id="at-most-five"),
        pytest.param("http://a/b#rc=x", ("http://a/b", 0, {"ct"}), id="nonsense"),
    ],
)
def test_read_overrides_splits_the_fragment_off(url: str, read: tuple[str, int, set[str]]) -> None:
    assert hooks.read_overrides(url) == read


@pytest.mark.parametrize(
    ("given", "normal"),
    [
        pytest.param("+13035550123", "+13035550123", id="e164"),
        pytest.param("(303) 555-0123", "+13035550123", id="national"),
        pytest.param("+442079460018", "+442079460018", id="foreign"),
        pytest.param("72345", "72345", id="short-code"),
    ],
)
def test_normalize_recipient_brings_numbers_to_e164(given: str, normal: str) -> None:
    assert normalize_recipient(given) == normal


@pytest.mark.parametrize(("given", "code"), [("", 21604), ("x", 21211), ("+1", 21211), ("+1303555012345678", 21211)])
def test_normalize_recipient_refuses_what_is_no_number(given: str, code: int) -> None:
    with pytest.raises(ApiError) as refused:
        normalize_recipient(given)
    assert refused.value.code == code


def test_twiml_keeps_callback_recipient_and_media() -> None:
    answer = (
        b'<?xml version="1.0"?><Response><!-- hm --><Message to="+13035550199" statusCallback="/s">'
        b"<Body>A &amp; <b>b</b></Body><Media>http://x/y.jpg</Media></Message></Response>"
    )
    assert twiml.read("text/xml; charset=utf-8", answer) == [twiml.Reply("A & b", "+13035550199", "/s", 1)]


def test_twiml_resolves_no_entity(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("the secret")
    answer = f'<!DOCTYPE r [<!ENTITY x SYSTEM "{secret.as_uri()}">]><Response><Message>&x;</Message></Response>'
    assert "the secret" not in str(twiml.read("text/xml", answer.encode()))


def test_secrets_are_not_in_a_repr() -> None:
    account = Account("ACx", "hidden-1", "SKx", "hidden-2", shared_key=SharedKey("k", "hidden-3"))
    assert "hidden" not in repr(account) + repr(account.shared_key)


def test_config_is_read_from_json(tmp_path: Path) -> None:
    account = {"sid": "ACx", "auth_token": "t", "shared_key": {"sid": "k", "secret": "s"}}
    data = {
        "store": str(tmp_path / "p.sqlite3"),
        "accounts": [account],
        "lines": [{"number": "+17205550100", "account_sid": "ACx", "label": "Line", "webhook_url": "http://a/"}],
        "contacts": [{"name": "Dana", "number": "+13035550161"}],
        "step_seconds": 1.5,
    }
    path = tmp_path / "phones.json"
    path.write_text(json.dumps(data))
    read = config.load(path)
    assert read.accounts[0].shared_key == SharedKey("k", "s")
    assert (read.lines[0].label, read.contacts[0].name, read.step_seconds) == ("Line", "Dana", 1.5)


def test_demo_config_takes_credentials_from_the_environment(tmp_path: Path) -> None:
    plain = demo_config(tmp_path / "p", "http://a", "http://b", {})
    given = demo_config(tmp_path / "p", "http://a", "http://b", {"TWILIO_PAGING_AUTH_TOKEN": "mine"})
    assert plain == demo_config(tmp_path / "p", "http://a", "http://b", {})
    assert [account.auth_token for account in given.accounts] == [plain.accounts[0].auth_token, "mine"]


def test_timers_run_in_order_and_outlive_a_failing_job(caplog: pytest.LogCaptureFixture) -> None:
    done: list[str] = []
    ended = threading.Event()

    def fail() -> None:
        raise ValueError("+13035550123")

    timers = Timers(workers=1)
    timers.after(0.05, ended.set)
    timers.after(0.02, lambda: done.append("second"))
    timers.after(0.01, fail)
    timers.after(0.0, lambda: done.append("first"))
    with caplog.at_level(logging.ERROR):
        timers.start()
        assert ended.wait(10)
    timers.close()
    assert done == ["first", "second"]
    assert "ValueError" in caplog.text
    assert "3035550123" not in caplog.text
