from __future__ import annotations

import pytest

from gateway.core.records import Send
from responders.conversation.delivery import describe


@pytest.mark.parametrize(
    ("status", "code", "text", "failed"),
    [
        ("queued", None, "Waiting to be sent", False),
        ("queued", "429", "Trying again: the phone company is busy (429)", False),
        ("sent", None, "Sent", False),
        ("delivered", None, "Delivered", False),
        ("undelivered", "30003", "Not delivered: the phone is off or out of reach (30003)", True),
        ("failed", "21610", "Not sent: this person asked for no more texts (21610)", True),
        ("failed", "39999", "Not sent: the phone company refused it (39999)", True),
    ],
)
def test_describe_says_how_a_text_fared_and_why(status: str, code: str | None, text: str, failed: bool) -> None:
    told = describe(Send(id="s", status=status, error_code=code))
    assert (told.text, told.failed) == (text, failed)
