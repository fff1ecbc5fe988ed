"""Friendly names for threads ("Quiet Heron 42"): drawn at random, telling nothing about the person."""

from __future__ import annotations

from collections.abc import Callable

_CALM = """Quiet Gentle Steady Bright Kind Patient Calm Brave Warm Clear True Early Silver Amber Hazel Cedar Misty Sunny
    Mellow Sturdy Humble Merry Nimble Open"""
_BIRDS = """Heron Finch Robin Wren Swift Plover Crane Lark Dove Osprey Ibis Martin Sparrow Egret Thrush Curlew Petrel
    Linnet Puffin Tern Bunting Avocet Quail Oriole"""


def draw(choose: Callable[[int], int]) -> str:
    """Draw a pseudonym; `choose(n)` answers a random whole number below n (`secrets.randbelow`)."""
    calm, birds = _CALM.split(), _BIRDS.split()
    return f"{calm[choose(len(calm))]} {birds[choose(len(birds))]} {10 + choose(90)}"
