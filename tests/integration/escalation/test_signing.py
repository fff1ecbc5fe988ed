"""Signing: no alert is held back for want of a key, and none is signed with what receivers refuse."""

from __future__ import annotations

import pytest

from exports import cap
from exports.cap.signature import make_key
from gateway.core import cap_keys
from gateway.core.cap_keys import Pair
from gateway.core.errors import KeyRefused
from tests.support.warners import Warners
from tests.support.world import START


def test_without_a_key_an_alert_goes_out_unsigned(warners: Warners) -> None:
    (warners.folder / "cap.key").unlink()
    alert_id = warners.draft(warners.case())
    warners.send(alert_id)
    assert warners.row(alert_id).signed_with is None
    (warners.folder / "cap.key").write_bytes(b"damaged")
    other = warners.draft(warners.case())
    warners.send(other)
    assert warners.row(other).signed_with is None


def test_a_certificate_that_has_ended_signs_no_alert(warners: Warners, pair: Pair) -> None:
    warners.world.clock.now = pair.parsed.not_valid_after_utc
    unsigned = warners.draft(warners.case())
    warners.send(unsigned)
    assert warners.row(unsigned).signed_with is None
    coming = cap_keys.bring(*make_key("Cedar Valley School District", START, 900))
    (warners.folder / "cap").mkdir()
    (warners.folder / "cap" / "next.key").write_bytes(coming.together)
    signed = warners.draft(warners.case())
    warners.send(signed)
    assert warners.row(signed).signed_with == coming.id
    read = cap.verify(warners.row(signed).document or b"", [coming.certificate], warners.world.clock())
    assert read.identifier == warners.row(signed).identifier


@pytest.mark.parametrize("error", [KeyRefused("damaged"), RuntimeError("unforeseen")], ids=["ours", "unforeseen"])
def test_an_alert_that_cannot_be_signed_goes_out_unsigned(
    warners: Warners, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fails(*_: object) -> bytes:
        raise error

    monkeypatch.setattr("exports.cap.sign", fails)
    alert_id = warners.draft(warners.case())
    warners.send(alert_id)
    assert warners.row(alert_id).signed_with is None


def test_a_key_that_cannot_be_read_holds_no_alert_back(warners: Warners) -> None:
    (warners.folder / "cap.key").unlink()
    (warners.folder / "cap.key").mkdir()
    alert_id = warners.draft(warners.case())
    warners.send(alert_id)
    assert warners.row(alert_id).signed_with is None
