"""A whole run is searched: no number of a reporter anywhere, no word of theirs in clear but where staff read it."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.anonymity.scene import Scene
from tests.support.leaks import search, within

pytestmark = pytest.mark.e2e


def _found(scene: Scene, where: Mapping[str, bytes], *, words: bool = True) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, content in where.items():
        hits = search(content, scene.truth.numbers)
        if words:
            hits += [word for word in scene.truth.words.values() if within(word, content)]
        if hits:
            found[name] = hits
    return found


@pytest.mark.parametrize("part", ["database", "valkey", "logs", "elsewhere"])
def test_nothing_is_in_what_a_run_leaves(scene: Scene, part: str) -> None:
    where: Mapping[str, bytes] = getattr(scene, part)
    assert any(where.values()), "there is something to search"
    assert _found(scene, where) == {}


def test_nothing_is_in_the_log_of_a_database_that_logs_all_it_is_told(scene: Scene) -> None:
    assert _found(scene, {"log": scene.server_log}) == {}


def test_nothing_is_in_what_the_public_side_answers(scene: Scene) -> None:
    assert len(scene.answers) > 5
    assert _found(scene, {str(number): answer for number, answer in enumerate(scene.answers)}) == {}


def test_no_number_is_in_what_staff_get_to_see(scene: Scene) -> None:
    shown = {str(number): page for number, page in enumerate(scene.pages)}
    assert any(within("quillfeather", page) for page in scene.pages), "they do see the words"
    assert _found(scene, shown, words=False) == {}
