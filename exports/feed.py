"""An Atom feed of alerts: one entry a message, each with a link to its CAP document.

Source: RFC 4287; CAP 1.2 Implementation Notes, "CAP alert feeds" (link of type `application/cap+xml`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from xml.etree import ElementTree as ET  # lxml would cost intake memory, and nothing is read here

from gateway.core.times import iso

CONTENT_TYPE = "application/atom+xml"
_ATOM = "http://www.w3.org/2005/Atom"
ALERT_TYPE = "application/cap+xml"


@dataclass(frozen=True, slots=True)
class Entry:
    """One alert: `identifier` is its own for ever, `url` where its document is."""

    identifier: str
    title: str
    url: str
    issued_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Feed:
    """A district's feed. `identifier` is a URN or URL of its own, `updated_at` when anything last changed in it."""

    identifier: str
    title: str
    url: str
    updated_at: datetime
    entries: Sequence[Entry]


def render(feed: Feed) -> bytes:
    """Write a feed as UTF-8, newest alert first as given."""
    ET.register_namespace("", _ATOM)
    root = ET.Element(f"{{{_ATOM}}}feed")
    _say(root, id=feed.identifier, title=feed.title, updated=iso(feed.updated_at))
    _link(root, rel="self", type=CONTENT_TYPE, href=feed.url)
    _say(ET.SubElement(root, f"{{{_ATOM}}}author"), name=feed.title)
    for entry in feed.entries:
        made = ET.SubElement(root, f"{{{_ATOM}}}entry")
        _say(made, id=entry.identifier, title=entry.title, updated=iso(entry.issued_at))
        _say(made, published=iso(entry.issued_at), summary=f"Expires {iso(entry.expires_at)}")
        _link(made, rel="alternate", type=ALERT_TYPE, href=entry.url)
    return bytes(ET.tostring(root, encoding="UTF-8", xml_declaration=True))


def _say(parent: ET.Element, **texts: str) -> None:
    for name, text in texts.items():
        ET.SubElement(parent, f"{{{_ATOM}}}{name}").text = text


def _link(parent: ET.Element, **attributes: str) -> None:
    ET.SubElement(parent, f"{{{_ATOM}}}link", attributes)
