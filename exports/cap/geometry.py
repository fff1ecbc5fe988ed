"""Polygons and circles: reading what is typed, and whether what is there can be a place on earth.

All is counted in whole numbers, so that two lines that touch are never missed by rounding.
Source: CAP 1.2 §3.2.4; WGS 84, latitude before longitude.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import pairwise

from exports.cap.findings import Unreadable
from exports.cap.model import Circle, Point, Polygon

MOST_POINTS = 1000
"""Points of a polygon. A school has a dozen; looking for crossings takes a second for ten thousand."""
MOST_PLACES = 12
"""Digits behind the point: a millionth of a metre takes eleven."""
WIDEST_KM = 20_038
"""Half way round the earth."""

_DEGREES = r"[+-]?\d{1,3}(?:\.\d{1,12})?"
_POINT = re.compile(rf"({_DEGREES}),({_DEGREES})", re.ASCII)
_CIRCLE = re.compile(rf"({_DEGREES}),({_DEGREES})[ \t\r\n]+(\+?\d{{1,6}}(?:\.\d{{1,12}})?)", re.ASCII)

Spot = tuple[int, int]
Fault = tuple[str, str]
"""A code, and what is said of the element."""


def point(latitude: float | str | Decimal, longitude: float | str | Decimal) -> Point:
    """Make a point from degrees; what a map gives as a float keeps six decimals, a hand's breadth."""
    return Point(_degrees(latitude), _degrees(longitude))


def polygon(text: str) -> Polygon:
    """Read `lat,lon lat,lon ...`. Whether it is closed and simple, `polygon_faults` says.

    Raises: Unreadable, naming `polygon`, for anything else.
    """
    return tuple(_point(pair, number) for number, pair in enumerate(text.split(), 1))


def circle(text: str) -> Circle:
    """Read `lat,lon radius`, the radius in kilometres.

    Raises: Unreadable, naming `circle`, for anything else.
    """
    found = _CIRCLE.fullmatch(text.strip())
    if not found:
        raise Unreadable("circle", "circle_malformed", "is not a latitude, a comma, a longitude, a space and a radius")
    latitude, longitude, radius = map(Decimal, found.groups())
    return Circle(Point(latitude, longitude), radius)


def polygon_text(points: Polygon) -> str:
    """Write a polygon as its element has it."""
    return " ".join(_pair(one) for one in points)


def circle_text(one: Circle) -> str:
    """Write a circle as its element has it."""
    return f"{_pair(one.center)} {one.radius:f}"


def polygon_faults(points: Polygon) -> Iterator[Fault]:
    """Say what keeps some points from being a polygon; the first fault of a kind is enough."""
    outside = next(
        (fault for number, one in enumerate(points, 1) for fault in point_faults(one, f"pair {number}")), None
    )
    if outside:
        yield outside
    elif len(points) < 4:
        yield "polygon_short", f"has {len(points)} pairs, and needs four or more"
    elif len(points) > MOST_POINTS:
        yield "polygon_long", f"has more than {MOST_POINTS} pairs"
    elif points[0] != points[-1]:
        yield "polygon_open", "is open: its last pair must be its first"
    else:
        yield from _shape_faults(points)


def circle_faults(one: Circle) -> Iterator[Fault]:
    """Say what keeps a circle from being one."""
    yield from point_faults(one.center, "its center")
    if not _plain(one.radius):
        yield "circle_radius", f"has a radius that is no number of at most {MOST_PLACES} decimals"
    elif not 0 <= one.radius <= WIDEST_KM:
        yield "circle_radius", f"has a radius that is not from 0 to {WIDEST_KM} km"


def point_faults(one: Point, which: str) -> Iterator[Fault]:
    """Say what keeps a pair of numbers from being a place on earth."""
    for value, name, most in (one.latitude, "latitude", 90), (one.longitude, "longitude", 180):
        if not _plain(value):
            yield "coordinate_malformed", f"has a {name} that is no number of at most {MOST_PLACES} decimals ({which})"
        elif not -most <= value <= most:
            yield "coordinate_out_of_range", f"has a {name} outside -{most} to {most} ({which})"


def _shape_faults(points: Polygon) -> Iterator[Fault]:
    spots = _unwrapped(points)
    twice = next((number for number, two in enumerate(pairwise(spots), 1) if two[0] == two[1]), None)
    if spots[0] != spots[-1]:
        yield "polygon_pole", "goes around a pole"
    elif twice:
        yield "polygon_repeats", f"has the same pair twice in a row (pairs {twice} and {twice + 1})"
    elif all(_side(spots[0], spots[1], spot) == 0 for spot in spots):
        yield "polygon_flat", "has no inside: all its pairs lie on one line"
    elif crossing := _crossing(spots):
        first, second = crossing
        yield "polygon_crosses_itself", f"crosses or touches itself (the lines after pairs {first} and {second})"


def _crossing(spots: Sequence[Spot]) -> tuple[int, int] | None:
    """Find two lines of a closed polygon that share more than the corner between neighbours; counted from 1.

    Swept from west to east, so that only lines that lie over one another are compared.
    """
    lines = [(spots[number], spots[number + 1], number) for number in range(len(spots) - 1)]
    open_lines: list[tuple[Spot, Spot, int]] = []
    for line in sorted(lines, key=lambda one: min(one[0][0], one[1][0])):
        west = min(line[0][0], line[1][0])
        open_lines = [one for one in open_lines if max(one[0][0], one[1][0]) >= west]
        for other in open_lines:
            if _clash(line, other, len(lines)):
                first, second = sorted((line[2], other[2]))
                return first + 1, second + 1
        open_lines.append(line)
    return None


def _clash(one: tuple[Spot, Spot, int], other: tuple[Spot, Spot, int], count: int) -> bool:
    first, second = sorted((one, other), key=lambda line: line[2])
    if second[2] - first[2] == 1:  # neighbours share a corner; they clash when one runs back over the other
        return _runs_back(first[0], first[1], second[1])
    if first[2] == 0 and second[2] == count - 1:
        return _runs_back(second[0], second[1], first[1])
    return _meet(first[0], first[1], second[0], second[1])


def _runs_back(start: Spot, corner: Spot, end: Spot) -> bool:
    along = (corner[0] - start[0]) * (end[0] - corner[0]) + (corner[1] - start[1]) * (end[1] - corner[1])
    return _side(start, corner, end) == 0 and along < 0


def _meet(a: Spot, b: Spot, c: Spot, d: Spot) -> bool:
    """Say whether two lines share a point."""
    if _turns(a, b, c) != _turns(a, b, d) and _turns(c, d, a) != _turns(c, d, b):
        return True
    return _on(a, b, c) or _on(a, b, d) or _on(c, d, a) or _on(c, d, b)


def _on(a: Spot, b: Spot, spot: Spot) -> bool:
    return (
        _side(a, b, spot) == 0
        and min(a[0], b[0]) <= spot[0] <= max(a[0], b[0])
        and min(a[1], b[1]) <= spot[1] <= max(a[1], b[1])
    )


def _turns(a: Spot, b: Spot, spot: Spot) -> int:
    side = _side(a, b, spot)
    return (side > 0) - (side < 0)


def _side(a: Spot, b: Spot, spot: Spot) -> int:
    return (b[0] - a[0]) * (spot[1] - a[1]) - (b[1] - a[1]) * (spot[0] - a[0])


def _unwrapped(points: Polygon) -> list[Spot]:
    """Give points as whole numbers of 10⁻¹² degrees; where the line steps over the date line it goes on past 180."""
    scale, around = 10**MOST_PLACES, 360 * 10**MOST_PLACES
    spots: list[Spot] = []
    for one in points:
        east, north = int(one.longitude * scale), int(one.latitude * scale)
        if spots:
            east += round((spots[-1][0] - east) / around) * around
        spots.append((east, north))
    return spots


def _plain(value: Decimal) -> bool:
    exponent = value.as_tuple().exponent
    return isinstance(exponent, int) and exponent >= -MOST_PLACES and value.adjusted() <= 6


def _degrees(value: float | str | Decimal) -> Decimal:
    return Decimal(str(round(value, 6))) if isinstance(value, float) else Decimal(value)


def _point(pair: str, number: int) -> Point:
    found = _POINT.fullmatch(pair)
    if not found:
        raise Unreadable(
            "polygon", "polygon_malformed", f"is not pairs of latitude,longitude between blanks (pair {number})"
        )
    return Point(Decimal(found[1]), Decimal(found[2]))


def _pair(one: Point) -> str:
    return f"{one.latitude:f},{one.longitude:f}"
