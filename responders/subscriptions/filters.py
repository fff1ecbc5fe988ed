"""Filters: which events a subscription wants, in the dialects of the CloudEvents Subscriptions API.

`exact`, `prefix` and `suffix` compare attributes; `all`, `any` and `not` put expressions together. All expressions of
a list must hold. `sql` is not offered, as the specification lets us.

Source: https://github.com/cloudevents/spec/blob/main/subscriptions/spec.md §3.2.4
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from exports import event_catalogue
from gateway.core.errors import BadInput

Filter = Mapping[str, Any]
_TESTS: Mapping[str, Callable[[str, str], bool]] = {
    "exact": str.__eq__,
    "prefix": str.startswith,
    "suffix": str.endswith,
}
_DEEPEST, _MOST = 8, 100
THINGS = tuple(dict.fromkeys(name.split(".")[0] for name in event_catalogue.KINDS))
"""What events are about: the first word of their type."""


def check(found: object) -> list[dict[str, Any]]:
    """Judge what somebody sent as filters; answers it. Raises: BadInput naming the fault."""
    if not isinstance(found, list):
        raise BadInput("filters must be a list of expressions.")
    _check_all(found, 1)
    return found


def passes(filters: Sequence[Filter], attributes: Mapping[str, Any]) -> bool:
    """Tell whether an event with these context attributes is wanted."""
    return all(_holds(one, attributes) for one in filters)


def of_choices(things: Sequence[str], schools: Sequence[str], severities: Sequence[str]) -> list[dict[str, Any]]:
    """Make the filters of a choice: events about some things, of some schools (short names), of some severities."""
    found: list[dict[str, Any]] = []
    if things:
        found.append({"any": [{"prefix": {"type": f"{event_catalogue.PREFIX}{thing}."}} for thing in things]})
    found += [
        {"any": [{"exact": {name: value}} for value in values]}
        for name, values in (("school", schools), ("severity", severities))
        if values
    ]
    return found


def told(filters: Sequence[Filter]) -> str:
    """Say in words what filters let through."""
    return " and ".join(_told(one) for one in filters) or "every event"


def _check_all(found: Sequence[object], depth: int) -> None:
    if depth > _DEEPEST or len(found) > _MOST:
        raise BadInput("These filters go too deep, or are too many.")
    for one in found:
        if not isinstance(one, dict) or len(one) != 1:
            raise BadInput('Each filter is an object with one member, e.g. {"exact": {"severity": "high"}}.')
        ((dialect, inner),) = one.items()
        if dialect in _TESTS:
            _check_attributes(inner, _TESTS[dialect])
        elif dialect in {"all", "any"}:
            if not isinstance(inner, list) or not inner:
                raise BadInput(f"{dialect} holds a list of filters.")
            _check_all(inner, depth + 1)
        elif dialect == "not":
            _check_all([inner], depth + 1)
        else:
            raise BadInput("Filters are made of exact, prefix, suffix, all, any and not.")


def _check_attributes(found: object, fits: Callable[[str, str], bool]) -> None:
    well = isinstance(found, dict) and found
    if not well or not all(isinstance(value, str) and value for value in found.values()):  # type: ignore[attr-defined]  # a dict
        raise BadInput("exact, prefix and suffix hold attributes and the texts they are compared with.")
    wanted: str | None = found.get("type")  # type: ignore[attr-defined]  # a dict
    if wanted is not None and not any(fits(name, wanted) for name in event_catalogue.types()):
        raise BadInput(f"There are no events of the type {wanted[:80]}.")


def _holds(one: Filter, attributes: Mapping[str, Any]) -> bool:
    ((dialect, inner),) = one.items()
    if dialect == "all":
        return all(_holds(each, attributes) for each in inner)
    if dialect == "any":
        return any(_holds(each, attributes) for each in inner)
    if dialect == "not":
        return not _holds(inner, attributes)
    fits = _TESTS[dialect]
    return all(name in attributes and fits(str(attributes[name]), value) for name, value in inner.items())


def _told(one: Filter) -> str:
    ((dialect, inner),) = one.items()
    if dialect in {"all", "any"}:
        return "(" + {"all": " and ", "any": " or "}[dialect].join(map(_told, inner)) + ")"
    if dialect == "not":
        return f"not {_told(inner)}"
    words = {"exact": "is", "prefix": "begins with", "suffix": "ends with"}
    told = {name: value.removeprefix(event_catalogue.PREFIX) for name, value in inner.items()}
    return " and ".join(f"{name} {words[dialect]} {value}" for name, value in told.items())
