"""Judges regular expressions: can one take far more than linear time on a long text? A small, strict checker.

It refuses what backtracks: a repeat inside a repeat (or alternatives there that share characters), two open repeats in
a row that can share characters, and an open repeat with something after it that may be missing: each start in a long
run is tried to its end. All may be harmless in their place; then say it differently, or in code. Bounded repeats up to
`_SMALL` pass.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from re import _constants, _parser  # type: ignore[attr-defined] # the only parser of Python's own dialect
from typing import Any

_SMALL = 40
_REPEATS = (_constants.MAX_REPEAT, _constants.MIN_REPEAT)
_TRIED = [chr(number) for number in range(0x250)]
"""What stands for all characters when two sets are compared."""
_CALLS = {"compile", "match", "fullmatch", "search", "split", "sub", "subn", "findall", "finditer"}


def faults(pattern: str, flags: int = 0) -> list[str]:
    """Say why `pattern` may take long; an empty list means that it is safe."""
    return list(_faults(list(_parser.parse(pattern, flags))))


def in_source(path: Path) -> Iterator[tuple[int, str]]:
    """Yield line and text of each pattern that a file hands to `re` as a literal."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or node.func.attr not in _CALLS:
            continue
        first = node.args[0] if node.args else None
        called = isinstance(node.func.value, ast.Name) and node.func.value.id == "re"
        if called and isinstance(first, ast.Constant) and isinstance(first.value, str):
            yield node.lineno, first.value


def _faults(items: Sequence[Any]) -> Iterator[str]:
    for operation, argument in items:
        if operation in _REPEATS and argument[1] > _SMALL and any(_repeats(argument[2])):
            yield "a repeat inside a repeat"
        for part in _parts(operation, argument):
            yield from _faults(list(part))
    yield from _neighbours(items)


def _neighbours(items: Sequence[Any]) -> Iterator[str]:
    """Find open repeats from which the next one can be reached over what both of them take."""
    for index, (operation, argument) in enumerate(items):
        if operation not in _REPEATS or argument[1] <= _SMALL:
            continue
        if any(_width(*item) for item in items[index + 1 :]):
            yield "an open repeat before something that may be missing"
        taken = _characters(argument[2])
        for other, inner in items[index + 1 :]:
            if other is _constants.AT or other in (_constants.ASSERT, _constants.ASSERT_NOT):
                continue
            shared = taken & _characters([(other, inner)])
            if shared and other in _REPEATS and inner[1] > _SMALL:
                yield "two open repeats that share characters"
            if not shared and not (other in _REPEATS and inner[0] == 0):
                break


def _width(operation: Any, argument: Any) -> bool:
    """Tell whether an element needs at least one character."""
    if operation is _constants.AT or operation in (_constants.ASSERT, _constants.ASSERT_NOT):
        return False
    if operation in _REPEATS:
        least: int = argument[0]
        return least > 0 and any(_width(*item) for item in argument[2])
    if operation is _constants.BRANCH:
        return all(any(_width(*item) for item in branch) for branch in argument[1])
    return True


def _repeats(items: Sequence[Any]) -> Iterator[bool]:
    for operation, argument in items:
        if operation in _REPEATS and argument[1] > 1:
            yield True
        parts = [list(part) for part in _parts(operation, argument)]
        if operation is _constants.BRANCH and _alike(parts):
            yield True
        for part in parts:
            yield from _repeats(part)


def _alike(branches: Sequence[Sequence[Any]]) -> bool:
    """Tell whether two alternatives may take the same characters, or one takes none."""
    taken = [_characters(branch) for branch in branches]
    return not all(taken) or len(set().union(*taken)) < sum(map(len, taken))


def _parts(operation: Any, argument: Any) -> list[Any]:
    """Return the sequences inside one element."""
    if operation in _REPEATS or operation is _constants.POSSESSIVE_REPEAT:
        return [argument[2]]
    if operation is _constants.SUBPATTERN:
        return [argument[-1]]
    if operation is _constants.BRANCH:
        return list(argument[1])
    if operation in (_constants.ASSERT, _constants.ASSERT_NOT):
        return [argument[1]]
    return [argument] if operation is _constants.ATOMIC_GROUP else []


def _characters(items: Sequence[Any]) -> set[str]:
    """Return which of `_TRIED` any element of a sequence takes."""
    found: set[str] = set()
    for operation, argument in items:
        parts = _parts(operation, argument)
        if parts:
            found.update(*(_characters(list(part)) for part in parts))
        elif operation is _constants.ANY:
            found.update(_TRIED)
        elif operation is _constants.LITERAL:
            found.add(chr(argument))
        elif operation is _constants.NOT_LITERAL:
            found.update(set(_TRIED) - {chr(argument)})
        elif operation is _constants.IN:
            found.update(sign for sign in _TRIED if _in(sign, argument))
        elif operation is _constants.GROUPREF:
            found.update(_TRIED)
    return found


def _in(sign: str, items: Sequence[Any]) -> bool:
    negated = items[0][0] is _constants.NEGATE
    return negated != any(_is(sign, *item) for item in items[negated:])


def _is(sign: str, operation: Any, argument: Any) -> bool:
    if operation is _constants.LITERAL:
        return bool(ord(sign) == argument)
    if operation is _constants.RANGE:
        return bool(argument[0] <= ord(sign) <= argument[1])
    kind = {"DIGIT": r"\d", "SPACE": r"\s", "WORD": r"\w"}[str(argument).removeprefix("CATEGORY_").removeprefix("NOT_")]
    return bool(re.match(kind, sign)) != ("NOT_" in str(argument))
