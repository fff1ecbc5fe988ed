"""Codes of linking in plain words for responders."""

from __future__ import annotations

from responders.cases.words import plain

__all__ = ["KIND", "REASON", "plain"]

KIND = {
    "same": "May be the same thing as",
    "copy": "Copied, as is",
    "earlier": "An earlier concern, perhaps about the same person:",
}
REASON = {
    "name": "Name",
    "place": "Place",
    "day": "Day",
    "time": "Time",
    "thing": "What",
    "who": "Who or what",
    "color": "Colour",
    "about": "About",
    "word": "Word",
}
