"""A poster on paper: one page of PDF with its letters in it, for any printer; if wanted with strips to tear off.

Everything hangs from the top; what is left between words and help lines is the code's, within limits. The code is drawn
as squares, so it is sharp at every size.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING

import segno

if TYPE_CHECKING:
    from fpdf import FPDF

SIZES = {"letter": (215.9, 279.4), "a4": (210.0, 297.0)}
"""Millimetres, as everything here but letters: those are in points."""
_MARGIN = 16.0
_INK, _SOFT, _BAND, _TINT = (17, 24, 33), (90, 100, 112), (13, 63, 110), (236, 242, 249)
_PAPER, _PALE = (255, 255, 255), (190, 216, 240)
_BIGGEST_CODE, _SMALLEST_CODE = 100.0, 40.0
_STRIPS, _STRIP_HEIGHT, _STRIP_CODE, _STRIP_LINE = 8, 60.0, 18.0, 4.0
_POINT, _LEADING = 25.4 / 72, 1.12
_LEAST_POINTS, _MOST_BROKEN = 5.0, 3


class Unwritable(Exception):
    """The letters of a poster are not in its type."""


@dataclass(frozen=True)
class Poster:
    """What stands on a poster, in its language; `address` is `url` as people type it."""

    language: str
    headline: str
    lead: str
    aim: str
    """What to do with the code."""
    url: str
    address: str
    text_us: str
    """Which number to text; empty when there is none."""
    school: str
    help: tuple[str, ...]

    @property
    def words(self) -> str:
        """All of it."""
        return "".join((self.headline, self.lead, self.aim, self.address, self.text_us, self.school, *self.help))


@lru_cache(maxsize=256)
def draw(poster: Poster, size: str, *, strips: bool, made: datetime) -> bytes:
    """Write it as PDF; `made` is noted in it. Raises: Unwritable."""
    from fpdf import FPDF  # noqa: PLC0415 - 20 MB that intake does not need for tips

    pdf = FPDF(unit="mm", format=SIZES[size])
    _add_type(pdf, poster.words)
    pdf.set_auto_page_break(auto=False)
    pdf.set_margin(_MARGIN)
    pdf.c_margin = 0
    pdf.set_title(f"{poster.headline} {poster.school}")
    pdf.set_lang(poster.language)
    pdf.set_creation_date(made)
    pdf.add_page()
    top = _draw_head(pdf, poster, 2 if strips else 3)
    bottom = pdf.h - (_STRIP_HEIGHT if strips else 12.0)
    _draw_middle(pdf, poster, top, _draw_help(pdf, poster, bottom))
    if strips:
        _draw_strips(pdf, poster, bottom)
    return bytes(pdf.output())


def _add_type(pdf: FPDF, words: str) -> None:
    import font_source_sans_pro as type_  # noqa: PLC0415
    from fpdf.fonts import TTFFont  # noqa: PLC0415

    for family, path in (
        ("plain", type_.SourceSansPro),
        ("bold", type_.SourceSansProBold),
        ("black", type_.SourceSansProBlack),
    ):
        pdf.add_font(family, "", path)
        added = pdf.fonts[family]
        if not isinstance(added, TTFFont) or {ord(letter) for letter in words} - added.cmap.keys():
            raise Unwritable


def _draw_head(pdf: FPDF, poster: Poster, most_lines: int) -> float:
    """Draw the band with school and question in it, and what is promised; answers where that ends."""
    width = pdf.epw
    small = _fitting(pdf, "bold", poster.school, width, 17)
    under = 13 + small * _POINT * _LEADING + 1
    points = _fitting(pdf, "black", poster.headline, width, 60, lines=most_lines)
    lines = _lines(pdf, poster.headline, width)
    end = under + len(lines) * points * _POINT * _LEADING + 8
    pdf.set_fill_color(*_BAND)
    pdf.rect(0, 0, pdf.w, end, style="F")
    _write(pdf, lines, under, points, _PAPER, align="L")
    pdf.set_font("bold", size=small)
    _write(pdf, [poster.school], 13, small, _PALE, align="L")
    points = _fitting(pdf, "plain", poster.lead, width, 20)
    return _write(pdf, [poster.lead], end + 7, points, _INK, align="C")


def _draw_help(pdf: FPDF, poster: Poster, bottom: float) -> float:
    """Draw who helps right now, just above `bottom`; answers where that begins."""
    width = pdf.epw - 12
    points = min(_fitting(pdf, "plain", one, width, 14) for one in poster.help)
    pdf.set_font("plain", size=points)
    lines = list(poster.help)
    height = len(lines) * points * _POINT * 1.3 + 9
    top = bottom - height - 5
    pdf.set_fill_color(*_TINT)
    pdf.rect(_MARGIN, top, pdf.epw, height, style="F", round_corners=True, corner_radius=3)
    _write(pdf, lines, top + 4.5, points, _INK, align="C", leading=1.3)
    return top


def _draw_middle(pdf: FPDF, poster: Poster, top: float, bottom: float) -> None:
    """Draw the code as large as there is room, and under it the address and the number."""
    address = _broken(pdf, "bold", poster.address, pdf.epw, 25, smallest=15)
    number = _fitting(pdf, "bold", poster.text_us, pdf.epw, 22)
    aim = _fitting(pdf, "bold", poster.aim, pdf.epw, 17)
    rows = [("bold", address[0], address[1]), ("bold", number, [poster.text_us] if poster.text_us else [])]
    below = sum(len(lines) * points * _POINT * 1.3 for _, points, lines in rows)
    above = aim * _POINT * _LEADING + 1
    room = bottom - top - above - below - 9
    side = min(_BIGGEST_CODE, max(_SMALLEST_CODE, room))
    at = top + 5 + max(0.0, (room - side) / 2)
    pdf.set_font("bold", size=aim)
    at = _write(pdf, [poster.aim], at, aim, _BAND, align="C") + 1
    _draw_code(pdf, poster.url, (pdf.w - side) / 2, at, side)
    at += side
    for font, points, lines in rows:
        pdf.set_font(font, size=points)
        at = _write(pdf, lines, at, points, _INK, align="C", leading=1.3)


def _draw_strips(pdf: FPDF, poster: Poster, top: float) -> None:
    """Draw strips to cut apart and tear off: code, address and number, to be taken along in a pocket."""
    width = pdf.w / _STRIPS
    pdf.set_draw_color(*_SOFT)
    pdf.set_line_width(0.25)
    pdf.set_dash_pattern(dash=1.6, gap=1.4)
    pdf.line(0, top, pdf.w, top)
    for number in range(1, _STRIPS):
        pdf.line(number * width, top, number * width, pdf.h)
    pdf.set_dash_pattern()
    length = _STRIP_HEIGHT - _STRIP_CODE - 10
    points, lines = _broken(pdf, "bold", poster.address, length, 10, smallest=7.5)
    rows = [("bold", points, line) for line in lines]
    rows += [("plain", _fitting(pdf, "plain", poster.text_us, length, 9), poster.text_us)]
    pdf.set_text_color(*_INK)
    for number in range(_STRIPS):
        middle, foot = (number + 0.5) * width, pdf.h - _STRIP_CODE - 6
        _draw_code(pdf, poster.url, middle - _STRIP_CODE / 2, foot + 1, _STRIP_CODE)
        with pdf.rotation(90, middle, foot):
            at = foot - (len(rows) - 1) * _STRIP_LINE / 2 + 1.2
            for place, (font, size, text) in enumerate(rows):
                pdf.set_font(font, size=size)
                pdf.text(middle + 1, at + place * _STRIP_LINE, text)


def _draw_code(pdf: FPDF, url: str, left: float, top: float, side: float) -> None:
    """Draw a QR code with its quiet zone in a square; level M is read even when a corner is torn."""
    rows = [list(row) for row in segno.make(url, error="m").matrix_iter(border=4)]
    step = side / len(rows)
    pdf.set_fill_color(0, 0, 0)
    for y, row in enumerate(rows):
        x = 0
        while x < len(row):
            end = x
            while end < len(row) and row[end]:
                end += 1
            if end > x:  # A run is one rectangle: no hair lines between squares.
                pdf.rect(left + x * step, top + y * step, (end - x) * step, step + 0.01, style="F")
            x = max(end, x + 1)


def _fitting(pdf: FPDF, font: str, text: str, width: float, points: float, *, lines: int = 1) -> float:
    """Choose the font, as large as `points` but so small that a text fits into lines; answers its size."""
    while True:
        pdf.set_font(font, size=points)
        if points <= _LEAST_POINTS or (len(_lines(pdf, text, width)) <= lines and _widest(pdf, text) <= width):
            return points
        points *= 0.96


def _broken(
    pdf: FPDF, font: str, address: str, width: float, points: float, *, smallest: float
) -> tuple[float, list[str]]:
    """Size an address for one line; where it would be smaller than `smallest`, break it behind its signs."""
    size = _fitting(pdf, font, address, width, points)
    if size >= smallest:
        return size, [address]
    parts = " ".join(re.findall(r"[^/.-]+[/.-]*|[/.-]+", address))
    size = _fitting(pdf, font, parts, width, smallest, lines=_MOST_BROKEN)
    lines = [""]
    for part in parts.split():
        if lines[-1] and pdf.get_string_width(lines[-1] + part) > width:
            lines.append("")
        lines[-1] += part
    return size, lines


def _widest(pdf: FPDF, text: str) -> float:
    return max((pdf.get_string_width(word) for word in text.split()), default=0.0)


def _lines(pdf: FPDF, text: str, width: float) -> list[str]:
    """Break a text into lines in the font that is chosen, at blanks."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and pdf.get_string_width(longer) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def _write(
    pdf: FPDF, lines: list[str], top: float, points: float, ink: tuple[int, int, int], *, align: str,
    leading: float = _LEADING,
) -> float:  # fmt: skip
    """Write lines below each other in the font that is chosen; answers where they end."""
    height = points * _POINT * leading
    pdf.set_text_color(*ink)
    for number, line in enumerate(lines):
        pdf.set_xy(_MARGIN, top + number * height)
        pdf.cell(pdf.epw, height, line, align=align)
    return top + len(lines) * height
