"""Plots as SVG, drawn by hand: dots with intervals, a confusion table, a line of calibration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from markupsafe import Markup, escape

from tests.triage_report.metrics import Rate, Target

_LEFT, _WIDTH, _ROW, _NUMBER = 210, 380, 22, 150
_INK, _GOOD, _BAD, _RULE = "#1b1b1b", "#2f7d4f", "#b3261e", "#d7d7d7"


def _svg(width: int, height: int, label: str, body: Sequence[str]) -> Markup:
    return Markup(  # noqa: S704 - every text inside was escaped
        f'<svg viewBox="0 0 {width} {height}" width="{width}" role="img" aria-label="{escape(label)}" font-size="12">'
        f"{''.join(body)}</svg>"
    )


def _text(x: float, y: float, words: object, anchor: str = "start", colour: str = _INK) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">{escape(words)}</text>'


def dots(label: str, rows: Mapping[str, Rate], target: Target) -> Markup:
    """Draw a share from 0 to 100 % for each row with its 95 % interval; the upright line is the target."""
    known = {name: rate for name, rate in rows.items() if rate.of}
    height = _ROW * len(known) + 30
    body = []
    for tick in range(0, 101, 20):
        x = _LEFT + _WIDTH * tick / 100
        body.append(
            f'<path d="M{x:.1f} 4V{height - 22}" stroke="{_RULE}"/>' + _text(x, height - 8, f"{tick} %", "middle")
        )
    for place, (name, rate) in enumerate(known.items()):
        y = 16 + _ROW * place
        low, high = (_LEFT + _WIDTH * end for end in rate.interval)
        colour = _GOOD if target.met(rate.share) else _BAD
        body += [
            _text(_LEFT - 10, y + 4, name, "end"),
            f'<path d="M{low:.1f} {y}H{high:.1f}" stroke="{colour}" stroke-width="2"/>',
            f'<circle cx="{_LEFT + _WIDTH * rate.share:.1f}" cy="{y}" r="4" fill="{colour}"/>',
            _text(_LEFT + _WIDTH + 14, y + 4, f"{100 * rate.share:.1f} %  ({rate.hits} of {rate.of})"),
        ]
    x = _LEFT + _WIDTH * target.limit
    body.append(f'<path d="M{x:.1f} 2V{height - 20}" stroke="{_INK}" stroke-dasharray="4 3"/>')
    return _svg(_LEFT + _WIDTH + _NUMBER, height, label, body)


def table(label: str, names: Sequence[str], counts: Sequence[Sequence[int]]) -> Markup:
    """Draw counts of (row rated, column given), each row shaded by its shares."""
    side, left, top = 74, 110, 40
    body = [_text(left + side * len(names) / 2, 14, "given by the engine", "middle"), _text(0, top - 6, "rated")]
    for column, name in enumerate(names):
        body.append(_text(left + side * (column + 0.5), top - 6, name, "middle"))
    for row, name in enumerate(names):
        whole = sum(counts[row]) or 1
        body.append(_text(left - 10, top + 30 * row + 20, name, "end"))
        for column, count in enumerate(counts[row]):
            share, x, y = count / whole, left + side * column, top + 30 * row
            fill = _GOOD if row == column else _BAD if column < row else "#9a6a00"
            body.append(
                f'<rect x="{x}" y="{y}" width="{side - 2}" height="28" fill="{fill}" fill-opacity="{share * 0.85:.2f}" '
                f'stroke="{_RULE}"/>' + _text(x + side / 2, y + 19, count, "middle", "#fff" if share > 0.55 else _INK)
            )
    return _svg(left + side * len(names), top + 30 * len(names) + 4, label, body)


def calibration(label: str, lines: Mapping[str, Sequence[Mapping[str, float]]]) -> Markup:
    """Draw for each group of tips how often they were grave against the chance that was said."""
    size, left, colours = 300, 46, (_INK, "#1f5fa8", "#a8571f", "#6a3fa0")
    body = [f'<path d="M{left} {size}L{left + size - 10} 10" stroke="{_RULE}" stroke-width="2"/>']
    for tick in range(0, 101, 20):
        at = (size - 10) * tick / 100
        body += [_text(left + at, size + 16, f"{tick} %", "middle"), _text(left - 6, size - at + 4, f"{tick} %", "end")]
    for place, (name, bins) in enumerate(lines.items()):
        colour = colours[place % len(colours)]
        spots = [
            (left + (size - 10) * spot["said"], size - (size - 10) * spot["grave"] / spot["of"], spot["of"])
            for spot in bins
            if spot["of"] >= 5
        ]
        path = "L".join(f"{x:.1f} {y:.1f}" for x, y, _ in spots)
        body += [f'<path d="M{path}" fill="none" stroke="{colour}"/>'] if spots else []
        body += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{2 + of**0.5 / 4:.1f}" fill="{colour}"/>' for x, y, of in spots]
        body.append(_text(left + size + 10, 24 + 18 * place, name, colour=colour))
    body.append(_text(left + size / 2, size + 34, "chance of being grave, as said; upright: how many were", "middle"))
    return _svg(left + size + 90, size + 42, label, body)
