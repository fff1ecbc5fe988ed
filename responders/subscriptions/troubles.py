"""Troubles: what was last wrong with a receiver or a delivery, in the words that everybody is told it in."""

from __future__ import annotations

CODES = {
    "no_consent": "It answered, but did not agree: the header WebHook-Allowed-Origin is missing.",
    "other_origin": "It agreed to somebody else's events: WebHook-Allowed-Origin names another host.",
    "no_rate": "It agreed, but the header WebHook-Allowed-Rate is missing or no number.",
    "timeout": "It did not answer in time.",
    "connection": "It cannot be connected to.",
    "tls": "Its certificate is not one to trust.",
    "name": "Its name is not known.",
    "address": "Its name stands for an address that is not public. The operator can allow it by TIPLINE_ALLOWED_HOSTS.",
    "protocol": "It hung up half-way, or did not speak HTTP.",
    "redirect": "It pointed elsewhere; redirects are not followed.",
    "html": "It answered with a web page, so something in front of it did.",
    "410": "It said that it is gone for good.",
    "415": "It does not understand this form of events.",
    "429": "It was sent more than it can take.",
    "bad_input": "The operator does not allow its address any more.",
    "event_gone": "Retention took the event before it arrived.",
}
"""What was last wrong, in words; a status that is not listed says its number."""


def trouble(code: str | None) -> str | None:
    """Say a code in words."""
    return None if code is None else CODES.get(code, f"It answered {code}.")
