"""Polygons and circles in every broken form, and whole ones that look broken."""

import math
import random
from decimal import Decimal
from fractions import Fraction
from itertools import combinations, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as some

from exports import cap
from exports.cap import geometry
from tests.support.alerts import star


def codes(text: str) -> list[str]:
    return [code for code, _ in geometry.polygon_faults(geometry.polygon(text))]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        pytest.param("", "polygon_short", id="empty"),
        pytest.param("1,1", "polygon_short", id="one pair"),
        pytest.param("1,1 2,2 1,1", "polygon_short", id="three pairs"),
        pytest.param("1,1 1,2 2,2 2,1", "polygon_open", id="open"),
        pytest.param("1,1 1,2 2,2 1.0000001,1", "polygon_open", id="nearly closed"),
        pytest.param("95,1 1,2 2,2 95,1", "coordinate_out_of_range", id="latitude 95"),
        pytest.param("-90.1,1 1,2 2,2 -90.1,1", "coordinate_out_of_range", id="latitude below -90"),
        pytest.param("1,181 1,2 2,2 1,181", "coordinate_out_of_range", id="longitude 181"),
        pytest.param("-105.1,39.1 -105.0,39.1 -105.0,39.2 -105.1,39.1", "coordinate_out_of_range", id="turned round"),
        pytest.param("1,1 2,2 1,2 2,1 1,1", "polygon_crosses_itself", id="bow tie"),
        pytest.param("0,0 0,4 2,2 4,4 4,0 2,2 0,0", "polygon_crosses_itself", id="touches itself in a corner"),
        pytest.param("0,0 0,4 4,4 4,0 0,2 4,0 0,0", "polygon_crosses_itself", id="touches a line with a corner"),
        pytest.param("0,0 0,4 4,4 4,2 4,6 4,0 0,0", "polygon_crosses_itself", id="runs back over itself"),
        pytest.param("0,0 0,2 0,1 3,1 0,0", "polygon_crosses_itself", id="a spike"),
        pytest.param("0,0 4,0 4,4 0,4 0,0 4,0 4,4 0,4 0,0", "polygon_crosses_itself", id="twice round"),
        pytest.param("1,1 1,1 1,2 2,2 1,1", "polygon_repeats", id="a pair twice in a row"),
        pytest.param("1,1 1.0,1.00 1,2 2,2 1,1", "polygon_repeats", id="the same pair in other digits"),
        pytest.param("1,1 2,2 3,3 1,1", "polygon_flat", id="flat"),
        pytest.param("1,1 1,1 1,1 1,1", "polygon_repeats", id="one point only"),
        pytest.param("80,0 80,120 80,-120 80,0", "polygon_pole", id="around the pole"),
        pytest.param(" ".join(["1,1", *(f"{n / 100},2" for n in range(1000)), "1,1"]), "polygon_long", id="1002 pairs"),
    ],
)
def test_a_polygon_that_is_none_is_told_why(text: str, code: str) -> None:
    assert codes(text) == [code]


@pytest.mark.parametrize(
    "text",
    [
        "abc",
        "1;1 1;2 2;2 1;1",
        "1,1 1,2 2,2 1",
        "1 1 1 2 2 2 1 1",
        "1,1,1 1,2,1 2,2,1 1,1,1",
        "1,1 1,NaN 2,2 1,1",
        "1,1 1,inf 2,2 1,1",
        "1,1 1,1e1 2,2 1,1",
        "1,1 1,0x2 2,2 1,1",
        "1,1 1,٢ 2,2 1,1",
        "1,1 1,2. 2,2 1,1",
        "1,1 1,.2 2,2 1,1",
        "1,1 1,1_0 2,2 1,1",
        "1,1 1,1234 2,2 1,1",
        "1,1 1,0.1234567890123 2,2 1,1",
        "1,1 ,2 2,2 1,1",
        "39°N,105°W",
    ],
)
def test_what_is_no_list_of_pairs_cannot_be_read(text: str) -> None:
    with pytest.raises(cap.Unreadable, match=r"^polygon ") as refused:
        cap.polygon(text)
    assert refused.value.finding.code == "polygon_malformed"


@pytest.mark.parametrize(
    "text",
    [
        "38.47,-120.14 38.34,-119.95 38.52,-119.74 38.62,-119.89 38.47,-120.14",
        "1,1\n1,2\t2,2   1,1",
        "0,0 0,4 4,4 2,3 4,0 0,0",
        "0,0 0,2 0,4 4,4 4,0 0,0",
        "51,179.5 51,-179.5 52,-179.5 52,179.5 51,179.5",
        "0,0 0,0.000000000001 0.000000000001,0 0,0",
    ],
    ids=["the standard's", "any blanks", "a dent", "a corner of 180°", "over the date line", "tiny"],
)
def test_a_polygon_that_is_whole_passes(text: str) -> None:
    assert codes(text) == []
    assert geometry.polygon_text(geometry.polygon(text)) == " ".join(text.split())


@given(seed=some.integers(0, 10**6))
def test_a_line_that_goes_once_around_a_point_passes(seed: int) -> None:
    assert list(geometry.polygon_faults(star(39.1, -105.2, random.Random(seed)))) == []


@given(
    some.lists(some.tuples(some.integers(0, 6), some.integers(0, 6)), min_size=3, max_size=7, unique=True).map(
        lambda spots: [*spots, spots[0]]
    )
)
def test_the_sweep_finds_what_comparing_all_with_all_finds(spots: list[tuple[int, int]]) -> None:
    found = codes(" ".join(f"{north},{east}" for north, east in spots))
    assert (found == []) == simple(spots)


def simple(spots: list[tuple[int, int]]) -> bool:
    """Say the slow way whether a closed line is a polygon: lines meet only where one ends and the next begins."""
    lines = list(pairwise(spots))
    for (i, one), (j, other) in combinations(enumerate(lines), 2):
        shared = (
            {one[1]} & {other[0]} if j == i + 1 else {one[0]} & {other[1]} if (i, j) == (0, len(lines) - 1) else set()
        )
        if common(one, other) != {(Fraction(x), Fraction(y)) for x, y in shared}:
            return False
    return len({Fraction(b[1] - a[1], b[0] - a[0]) if b[0] != a[0] else None for a, b in lines}) > 1


Line = tuple[tuple[int, int], tuple[int, int]]


def common(one: Line, other: Line) -> set[tuple[Fraction, Fraction]]:
    """Give the points that two lines share; the ends of the stretch where they lie on one another."""
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = *one, *other
    across = (bx - ax) * (dy - cy) - (by - ay) * (dx - cx)
    if across:
        along = Fraction((cx - ax) * (dy - cy) - (cy - ay) * (dx - cx), across)
        on = Fraction((cx - ax) * (by - ay) - (cy - ay) * (bx - ax), across)
        return {(ax + along * (bx - ax), ay + along * (by - ay))} if 0 <= along <= 1 and 0 <= on <= 1 else set()
    ends = [(spot, line) for line, spots in ((one, other), (other, one)) for spot in spots]
    return {(Fraction(x), Fraction(y)) for (x, y), line in ends if lies(x, y, line)}


def lies(x: int, y: int, line: Line) -> bool:
    (ax, ay), (bx, by) = line
    flat = (bx - ax) * (y - ay) == (by - ay) * (x - ax)
    return flat and min(ax, bx) <= x <= max(ax, bx) and min(ay, by) <= y <= max(ay, by)


def test_the_longest_polygon_is_looked_through() -> None:
    around = [2 * math.pi * step / 999 for step in range(999)]
    points = tuple(cap.point(math.sin(angle), math.cos(angle)) for angle in around)
    assert list(geometry.polygon_faults((*points, points[0]))) == []


@pytest.mark.parametrize(
    "text",
    ["", "1,1", "1,1 ", "1,1,1", "1 1 1", "1,1 x", "1,1 1 1", "1,1 1e5", "1,1 -1", "1,1 NaN", "(1,1) 5", "1,1 1234567"],
)
def test_what_is_no_circle_cannot_be_read(text: str) -> None:
    with pytest.raises(cap.Unreadable, match=r"^circle "):
        cap.circle(text)


@pytest.mark.parametrize(
    ("circle", "code"),
    [
        (cap.circle("95,1 5"), "coordinate_out_of_range"),
        (cap.circle("1,-181 5"), "coordinate_out_of_range"),
        (cap.circle("1,1 20039"), "circle_radius"),
        (cap.Circle(cap.point(1, 1), Decimal("-0.001")), "circle_radius"),
        (cap.Circle(cap.point(1, 1), Decimal("Infinity")), "circle_radius"),
        (cap.Circle(cap.Point(Decimal("NaN"), Decimal(1)), Decimal(1)), "coordinate_malformed"),
        (cap.Circle(cap.Point(Decimal(1), Decimal("1E-99999999")), Decimal(1)), "coordinate_malformed"),
    ],
)
def test_a_circle_that_is_none_is_told_why(circle: cap.Circle, code: str) -> None:
    assert [found for found, _ in geometry.circle_faults(circle)] == [code]


def test_a_circle_of_radius_zero_is_a_point() -> None:
    circle = cap.circle("32.9525,-115.5527 0")
    assert list(geometry.circle_faults(circle)) == []
    assert geometry.circle_text(circle) == "32.9525,-115.5527 0"


def test_a_map_hands_over_floats() -> None:
    assert cap.point(39.1 + 1e-9, -105.20000049) == cap.Point(Decimal("39.1"), Decimal("-105.2"))
    assert geometry.polygon_text((cap.point(0.0000004, 1e-7), cap.point(1e-5, -0.0))) == "0.0,0.0 0.00001,-0.0"
