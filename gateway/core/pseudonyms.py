"""Friendly names for threads ("Quiet Heron 42"): drawn at random, telling nothing about the person."""

from __future__ import annotations

from collections.abc import Callable

_CALM = ("Quiet", "Gentle", "Steady", "Bright", "Kind", "Patient", "Calm", "Brave", "Warm", "Clear", "True", "Early",
         "Silver", "Amber", "Hazel", "Cedar", "Misty", "Sunny", "Mellow", "Sturdy", "Humble", "Merry", "Nimble", "Open")  # fmt: skip
_BIRDS = ("Heron", "Finch", "Robin", "Wren", "Swift", "Plover", "Crane", "Lark", "Dove", "Osprey", "Ibis", "Martin",
          "Sparrow", "Egret", "Thrush", "Curlew", "Petrel", "Linnet", "Puffin", "Tern", "Bunting", "Avocet", "Quail", "Oriole")  # fmt: skip


def draw(choose: Callable[[int], int]) -> str:
    """Draw a pseudonym; `choose(n)` answers a random whole number below n (`secrets.randbelow`)."""
    return f"{_CALM[choose(len(_CALM))]} {_BIRDS[choose(len(_BIRDS))]} {10 + choose(90)}"
