"""What really happened in a scene, which nobody but the test knows: who wrote what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Text:
    """A text: its writer (E.164; of a report on the web nobody), its `provider_sid`, its ids here (message, thread)."""

    number: str
    sid: str
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Truth:
    """`words` maps a label (of a text, a reply, a note) to a word that stands nowhere else; `texts` are those stored.

    `kept` and `strange` are the labels of texts that the carrier still has: to a line for reports, to the paging line.
    `files` are those of texts and reports that came with a picture; `opened` maps a receipt to what it opens.
    """

    numbers: tuple[str, ...]
    words: Mapping[str, str]
    texts: Mapping[str, Text]
    kept: frozenset[str]
    strange: frozenset[str]
    files: frozenset[str] = frozenset()
    opened: Mapping[str, frozenset[str]] = field(default_factory=dict)
