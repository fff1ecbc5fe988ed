"""The leak suite: what a thief of each part gets, and that he gets no more.

`table.py` is the thief's table, the one that SECURITY.md shows; `thief.py` really tries; `stage.py` runs the house,
with faults on purpose; `scene.py` is what is left of that. `test_walls_bite.py` breaks one wall at a time and shows
that the suite sees it.
"""
