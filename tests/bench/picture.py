"""Draws what was measured as one SVG: bars, each beside what is required. By hand, since it is twenty rectangles."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

from tests.bench.report import AT_ONCE_MS, BURST_MS, IDLE_MB, PAGE_MS, RATIO

_WIDTH, _ROW, _LEFT, _BAR = 760, 26, 330, 300


@dataclass(frozen=True)
class Bar:
    """One value and its limit; `most` says whether it must not be above (else not below) it."""

    name: str
    value: float
    limit: float
    unit: str
    most: bool = True

    @property
    def met(self) -> bool:
        """Whether it is within its limit."""
        return self.value <= self.limit if self.most else self.value >= self.limit


def draw(found: Mapping[str, Any]) -> str:
    """Draw the JSON of a run."""
    bars = [bar for kind in ("sqlite", "postgresql") for bar in _bars(kind, found.get(kind, {}))]
    load = found["machine"]["load_before"][0]
    title = f"make bench, {found['at'][:10]}, {found['machine']['processors']} processors, load {load:.1f}"
    height = 58 + _ROW * len(bars)
    body = "\n".join(_row(place, bar) for place, bar in enumerate(bars))
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}"
 role="img" aria-label="{escape(title)}" font-family="system-ui, sans-serif" font-size="13">
<rect width="100%" height="100%" fill="#fff"/>
<text x="12" y="22" font-weight="600" fill="#111">{escape(title)}</text>
<text x="12" y="{height - 8}" fill="#555">The line is what is required: less is wanted, of the ratios more.</text>
{body}
</svg>
"""


def _bars(kind: str, pieces: Mapping[str, Any]) -> Iterator[Bar]:
    if "accept" in pieces:
        yield Bar(f"{kind}: accept path to its floor", pieces["accept"]["ratio"], RATIO, "", most=False)
    if "portal" in pieces:
        crowd = pieces["portal"]["at_once"]
        yield Bar(f"{kind}: {crowd['people']} reports at once, p99", crowd["p99_ms"], AT_ONCE_MS, " ms")
    if "paging" in pieces:
        piece = pieces["paging"]
        yield Bar(f"{kind}: webhook to page, 20/s, p99", piece["steady"]["critical"]["p99_ms"], PAGE_MS, " ms")
        yield Bar(
            f"{kind}: burst of 500, slowest page", piece["burst"]["critical"]["slowest_after_ms"], BURST_MS, " ms"
        )
        idle = round(sum(one["pss_mb"] for one in piece["memory_idle"]), 1)
        yield Bar(f"{kind}: idle memory of all processes", idle, IDLE_MB, " MB")


def _row(place: int, bar: Bar) -> str:
    top, scale = 36 + _ROW * place, _BAR / (bar.limit * 2)
    width, limit = min(bar.value * scale, _BAR), _LEFT + bar.limit * scale
    colour = "#2f7d4f" if bar.met else "#b3261e"
    return (
        f'<text x="12" y="{top + 15}" fill="#111">{escape(bar.name)}</text>'
        f'<rect x="{_LEFT}" y="{top + 3}" width="{width:.1f}" height="16" fill="{colour}"/>'
        f'<path d="M{limit:.1f} {top}v22" stroke="#111"/>'
        f'<text x="{_LEFT + _BAR + 12}" y="{top + 15}" fill="#111">{bar.value:g}{bar.unit}</text>'
    )
