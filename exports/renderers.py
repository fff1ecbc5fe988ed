"""Every renderer there is, by what it takes: one line more for each new one, and the test that walks them finds it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from exports import cloud_events, niem
from exports.case_snapshot import CaseSnapshot
from exports.snapshot import EventSnapshot


@dataclass(frozen=True)
class Renderer:
    """What turns a frozen snapshot into a document's bytes."""

    takes: type
    render: Callable[[Any], bytes]


RENDERERS: Mapping[str, Renderer] = {
    **{f"niem-{flavour}": Renderer(CaseSnapshot, partial(niem.render, flavour=flavour)) for flavour in niem.FLAVOURS},
    "cloud-events": Renderer(EventSnapshot, partial(cloud_events.render, origin="https://tips.example.org")),
}
