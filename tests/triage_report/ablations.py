"""Layers switched off one at a time, from outside: the engine has no switches, since nobody should use them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from unittest import mock

from triage import evidence, lexicon, rules, statistics
from triage.evidence import Verdict
from triage.qualifiers import Hit


def statistics_off() -> AbstractContextManager[object]:
    """No statistical layer."""
    return mock.patch.object(statistics, "load", return_value=None)


@contextmanager
def fuzzy_off() -> Iterator[None]:
    """No slip of the finger is mended."""
    pack = lexicon.load()
    bare = replace(pack, vocabulary=replace(pack.vocabulary, fuzzy=lambda _: None))
    with mock.patch.object(lexicon, "load", return_value=bare):
        yield


def qualifiers_off() -> AbstractContextManager[object]:
    """Nothing lowers a hit: no negation, past, play, laughter or figure of speech."""

    def keep(hit: Hit, *_: object) -> Hit:
        return hit

    return mock.patch.object(rules, "lower", keep)


def raises_off() -> AbstractContextManager[object]:
    """Nothing raises a hit: means, time and place beside it, or other hits."""
    return mock.patch.object(rules, "RAISES", ())


def hints_off() -> AbstractContextManager[object]:
    """Weak signs do not have a person asked."""
    return mock.patch.object(evidence, "_hints_enough", return_value=False)


@contextmanager
def unsure_off() -> Iterator[None]:
    """The engine never asks a person."""
    weigh = evidence.weigh

    def sure(*arguments: object) -> Verdict:
        return replace(weigh(*arguments), reason=None)  # type: ignore[arg-type] # handed through as they came

    with mock.patch.object(evidence, "weigh", sure), statistics_off():
        yield


LAYERS: Mapping[str, Callable[[], AbstractContextManager[object]]] = {
    "all layers": nullcontext,
    "without fuzzy matching": fuzzy_off,
    "without qualifiers": qualifiers_off,
    "without raising": raises_off,
    "without weak signs": hints_off,
    "without statistics": statistics_off,
    "without asking (unsure)": unsure_off,
}
