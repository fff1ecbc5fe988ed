from __future__ import annotations

import ast
import inspect

from hypothesis import given
from hypothesis import strategies as st

from gateway.core.characters import showable
from responders.cases import words
from responders.cases.highlight import pieces, signs
from triage import district, evidence, qualifiers, rules


def sign(name: str, start: int, end: int) -> dict[str, object]:
    return {"name": name, "start": start, "end": end}


def test_pieces_count_code_points_so_that_emoji_do_not_shift_a_span() -> None:
    found = pieces("😢😢 gun 🔫 now", [sign("weapon_seen", 3, 6), sign("danger_now", 9, 12)])
    assert [(p.text, p.signs) for p in found] == [
        ("😢😢 ", ()),
        ("gun", ("a weapon was seen",)),
        (" 🔫 ", ()),
        ("now", ("happening now",)),
    ]


def test_pieces_of_overlapping_spans_carry_both_signs() -> None:
    found = pieces("abcdef", [sign("x", 0, 4), sign("y", 2, 6)])
    assert [(p.text, p.signs) for p in found] == [("ab", ("x",)), ("cd", ("x", "y")), ("ef", ("y",))]


def test_pieces_ignore_spans_that_do_not_fit() -> None:
    found = pieces("abc", [sign("x", -1, 2), sign("x", 2, 2), sign("x", 1, 9)])
    assert [(p.text, p.signs) for p in found] == [("abc", ())]


def test_pieces_mark_what_made_the_engine_calmer_as_calming() -> None:
    (only,) = pieces("jk", [sign("laughter", 0, 2)])
    assert only.calming


def test_signs_are_named_once_in_the_order_they_stand() -> None:
    found = signs([sign("weapon_seen", 5, 8), sign("danger_now", 0, 3), sign("weapon_seen", 9, 12)])
    assert [piece.text for piece in found] == ["happening now", "a weapon was seen"]


@given(
    st.text(st.characters(exclude_categories=())),
    st.lists(st.tuples(st.sampled_from(["a", "past", "everyday_words"]), st.integers(-3, 40), st.integers(-3, 40))),
)
def test_pieces_put_together_are_the_text_again(text: str, spans: list[tuple[str, int, int]]) -> None:
    assert "".join(piece.text for piece in pieces(text, [sign(*span) for span in spans])) == showable(text)


@given(st.text(st.characters(exclude_categories=())))
def test_showable_keeps_the_length_and_can_always_be_written(text: str) -> None:
    shown = showable(text)
    assert len(shown) == len(text)
    assert "\x00" not in shown
    shown.encode("utf-8")


def _lowered_for() -> set[str]:
    """Read from the code why a hit may be lowered: what `Hit.at` is told, by its name or from a constant."""
    calls = [
        node
        for module in (qualifiers, rules)
        for node in ast.walk(ast.parse(inspect.getsource(module)))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "at"
    ]
    told = [call.args[1] for call in calls if len(call.args) > 1]
    return {why.value for why in told if isinstance(why, ast.Constant) and isinstance(why.value, str)}


def test_all_that_makes_the_engine_calmer_is_shown_as_calming() -> None:
    named = _lowered_for()
    assert named >= {"negated", "harmless_sense", "old_news", "corrected", "resolved", "safe_hands", "past"}
    calming = named | qualifiers.PLAYFUL | {name for name, _ in evidence.CALM.values()}
    calming |= {"everyday_words", district.MUTED, "unlike_grave_tips"}
    assert calming == words.LOWERING
