"""The report runs, shows what it says, asks nobody for anything; what it disturbs and switches off really changes."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.triage_report import __main__ as command
from tests.triage_report import (
    ablations,
    channels,
    corpus,
    corpus_card,
    dialects,
    disturbances,
    floors,
    measure,
    page,
    tables,
)
from tests.triage_report.corpus import Tip
from tests.triage_report.judging import Judged, judge, judge_told
from triage.engine import assess
from triage.model import Severity

THREAD = Tip(
    "x-en-01",
    "my friend said she wants to kill herself\n---\nshe is on the bridge now",
    "en",
    "bystander",
    "x",
    Severity.CRITICAL,
    "suicide_self_harm",
    (),
    False,
    None,
    ("thread",),
    "now",
)


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    """Every eighth tip: enough to have a row of everything."""
    tips = corpus.read("develop")
    return {**measure.everything("develop", tips[::8]), "at": "2026-01-01T00:00+00:00", "public": {"ordinary": [1, 50]}}


def test_page_is_whole_and_asks_nobody_for_anything(found: dict[str, Any]) -> None:
    html = page.render(found)
    assert not re.search(r"""(src|href|url)\s*[=(]\s*["']?\s*(https?:)?//|<script|<link|<iframe|@import""", html)
    assert html.count("<svg") >= 10
    for one in found["misses"] + found["false_pages"]:
        assert f"<code>{one['id']}</code>" in html
    for heading in (
        "By language",
        "By category",
        "By channel",
        "By reporter",
        "Confusion",
        "Robustness",
        "Fairness",
        "Speed",
    ):
        assert heading in html


def test_page_marks_spans_and_escapes_words() -> None:
    one = {"text": "<b> he has a gun & knife", "spans": [["weapon_seen", 4, 16], ["inner", 11, 16], ["blade", 19, 24]]}
    assert page.highlighted(one) == (
        "&lt;b&gt; <mark>he has a gun<small>weapon_seen</small></mark> &amp; <mark>knife<small>blade</small></mark>"
    )


def test_measuring_finds_the_same_again(found: dict[str, Any]) -> None:
    again = measure.summary(judge(corpus.read("develop")[::8]))
    assert again == {"figures": found["figures"], "macro_f1": found["macro_f1"]}


def test_judge_takes_a_thread_message_by_message_and_never_lets_it_fall() -> None:
    judged = judge([THREAD])[0]
    assert judged.severity is Severity.CRITICAL
    assert {THREAD.text[one.start : one.end] for one in judged.spans if one.name == "plan_place"} == {"bridge"}
    assert len(judged.milliseconds) == 2
    assert judge_told(THREAD, THREAD.messages, memory=False).severity < Severity.CRITICAL
    assert judge_told(THREAD, [*THREAD.messages, "thanks"]).severity is Severity.CRITICAL


@pytest.mark.parametrize("name", disturbances.DISTURBANCES)
def test_disturbances_change_texts_the_same_way_each_time(name: str) -> None:
    tips = corpus.read("develop")
    changed = [disturbances.disturb(tip, name) for tip in tips]
    assert changed == [disturbances.disturb(tip, name) for tip in tips]
    assert sum(one.text != tip.text for one, tip in zip(changed, tips, strict=True)) > len(tips) // 5
    assert [len(one.messages) for one in changed] == [len(tip.messages) for tip in tips]


@pytest.mark.parametrize("dialect", dialects.DIALECTS)
def test_dialects_mark_tips_of_their_language_only(dialect: str) -> None:
    marked = [(tip, other) for tip in corpus.read("develop") if (other := dialects.mark(tip, dialect))]
    assert len(marked) > 50
    assert {tip.lang for tip, _ in marked} == {"es" if dialect == "spanglish_es" else "en"}
    assert all(other.text != tip.text and other.severity == tip.severity for tip, other in marked)


def test_dialect_marks_stand_on_whole_words() -> None:
    tip = THREAD.__class__(
        **{name: getattr(THREAD, name) for name in THREAD.__slots__} | {"text": "The theme: HE IS going"}
    )
    marked = dialects.mark(tip, "aae")
    assert marked
    assert marked.text == "da theme: he goin"


_BITES = {
    "without fuzzy matching": "he has a pitsol",
    "without qualifiers": "he does not have a gun",
    "without raising": "he wants to kill himself tonight",
    "without asking (unsure)": "hi",
}


@pytest.mark.parametrize("layer", _BITES)
def test_each_layer_switched_off_is_off(layer: str) -> None:
    text = _BITES[layer]
    with ablations.statistics_off():  # which may see by itself what the other layer saw
        before = assess(text)
        with ablations.LAYERS[layer]():
            without = assess(text)
        assert (without.severity, without.unsure) != (before.severity, before.unsure)
        assert without.unsure_reason != "engine_error"
        assert assess(text) == before


def test_weak_signs_switched_off_ask_less(found: dict[str, Any]) -> None:
    """No one text is named here, since it may get a rule of its own any day; the network may see what they see."""
    tips = corpus.read("develop")
    with ablations.statistics_off():
        asked = sum(one.unsure for one in judge(tips))
        with ablations.hints_off():
            assert sum(one.unsure for one in judge(tips)) < asked


def test_tables_keep_both_halves_and_fill_between_marks(found: dict[str, Any], tmp_path: Path) -> None:
    kept_at, readme, bare = tmp_path / "figures.json", tmp_path / "README.md", tmp_path / "bare.md"
    readme.write_text("# A\n<!-- figures -->\nold\n<!-- /figures -->\nb\n", "utf-8")
    bare.write_text("nothing\n", "utf-8")
    tables.keep(found, kept_at)
    tables.keep({**found, "half": "test"}, kept_at)
    kept = tables.keep({**found, "half": "test"}, kept_at)
    assert json.loads(kept_at.read_text("utf-8")) == kept
    assert len(kept["test"]["looks"]) == 2
    assert tables.fill(kept, (readme, bare, tmp_path / "absent.md")) == [readme]
    text = readme.read_text("utf-8")
    assert text.startswith("# A\n<!-- figures -->\n| ")
    assert text.endswith("<!-- /figures -->\nb\n")
    assert "old" not in text
    assert "looked at 2 times" in text
    tables.fill(kept, (readme,))
    assert readme.read_text("utf-8") == text
    assert bare.read_text("utf-8") == "nothing\n"


def test_a_theme_is_in_one_half_or_refused(tmp_path: Path) -> None:
    (tmp_path / "tips").mkdir()
    row = {name: getattr(THREAD, name) for name in THREAD.__slots__}
    (tmp_path / "tips" / "x-en.jsonl").write_text(json.dumps(row) + "\n", "utf-8")
    assert corpus.themes(tmp_path) == {}
    assert [tip.id for tip in corpus.read("develop", tmp_path)] == ["x-en-01"]
    (tmp_path / "themes.yaml").write_text("themes: {x: {plan: {split: test}}}\n", "utf-8")
    assert corpus.themes(tmp_path) == {"x": "test"}
    assert corpus.read("develop", tmp_path) == []
    assert [tip.id for tip in corpus.read("test", tmp_path)] == ["x-en-01"]
    for themes in ("{y: {plan: {split: test}}}", "{x: {plan: {split: both}}}"):
        (tmp_path / "themes.yaml").write_text(f"themes: {themes}\n", "utf-8")
        with pytest.raises(ValueError, match=r"x stands in no half"):
            corpus.read("develop", tmp_path)


def test_the_settled_rating_is_the_one_that_counts(tmp_path: Path) -> None:
    (tmp_path / "tips").mkdir()
    row = {name: getattr(THREAD, name) for name in THREAD.__slots__}
    (tmp_path / "tips" / "x-en.jsonl").write_text(json.dumps(row) + "\n", "utf-8")
    settled = {"id": "x-en-01", "severity": "low", "category": "property", "note": "E6"}
    (tmp_path / "settled.jsonl").write_text(json.dumps(settled) + "\n", "utf-8")
    (tip,) = corpus.read("develop", tmp_path)
    assert (tip.severity, tip.category) == (Severity.LOW, "property")
    assert corpus.first_ratings(tmp_path)[0].severity is THREAD.severity


def test_the_corpus_card_says_how_far_two_raters_agree_and_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "tips").mkdir()
    (tmp_path / "second").mkdir()
    row = {name: getattr(THREAD, name) for name in THREAD.__slots__}
    rows = [{**row, "id": f"x-{lang}-{place}", "lang": lang, "severity": severity}
            for lang in corpus.LANGUAGES for place, severity in enumerate(("critical", "none", "low"))]  # fmt: skip
    (tmp_path / "tips" / "x-en.jsonl").write_text("".join(json.dumps(one) + "\n" for one in rows), "utf-8")
    second = [{"id": one["id"], "severity": "critical" if one["severity"] == "critical" else "none",
               "category": one["category"]} for one in rows]  # fmt: skip
    (tmp_path / "second" / "x-en.jsonl").write_text("".join(json.dumps(one) + "\n" for one in second), "utf-8")
    (tmp_path / "themes.yaml").write_text("themes: {x: {plan: {split: develop}}, y: {plan: {split: test}}}\n", "utf-8")
    card = tmp_path / "README.md"
    marks = "".join(f"<!-- figures: {name}. x -->\nold\n<!-- end figures -->\n" for name in ("agreement", "counts"))
    card.write_text(marks, "utf-8")
    assert corpus_card.fill(card, tmp_path)
    text = card.read_text("utf-8")
    assert "| all | 9 | 66.7 % | 0.9" in text
    assert "3 were settled; on 0 of them" in text
    assert "| language | en 3, es 3, mixed 3 |" in text
    assert "old" not in text


def test_public_messages_are_counted_by_file_and_language(tmp_path: Path) -> None:
    (tmp_path / "ordinary.csv").write_text("id,text\n1,see you at lunch\n2,he has a gun at school\n", "utf-8")
    (tmp_path / "threats.csv").write_text("id,lang,text\n1,es,se quiere matar hoy\n", "utf-8")
    assert measure.public(tmp_path) == {"ordinary": [1, 2], "threats es": [1, 1]}
    assert measure.public(tmp_path / "absent") == {}


def test_command_judges_other_tips_and_leaves_what_is_kept_alone(tmp_path: Path) -> None:
    """Tips written afresh are judged by the engine as it ships; they are neither half, and move no floor."""
    before = tables.KEPT.read_bytes(), floors.FILE.read_bytes()
    tips, html = tmp_path / "fresh.jsonl", tmp_path / "out" / "page.html"
    lines = [
        line for path in sorted((corpus.FOLDER / "tips").glob("*.jsonl")) for line in path.read_text().splitlines()
    ]
    tips.write_text("\n".join(lines[::24]), "utf-8")
    assert command.main(["--tips", str(tips), "--html", str(html), "--ratchet"]) == 0
    assert "<b>fresh</b>" in html.read_text("utf-8")
    assert (tables.KEPT.read_bytes(), floors.FILE.read_bytes()) == before


@pytest.mark.parametrize(("pages", "failed"), [(1, 0), (2, 1)])
def test_command_fails_where_ordinary_texting_pages_above_one_in_a_hundred(
    pages: int, failed: int, tmp_path: Path
) -> None:
    texts = ["he has a gun at school"] * pages + ["see you at lunch"] * (100 - pages)
    (tmp_path / "ordinary.csv").write_text("text\n" + "\n".join(texts) + "\n", "utf-8")
    assert command.main(["--only-public", "--public", str(tmp_path)]) == failed
    assert command.main(["--only-public", "--public", str(tmp_path / "absent")]) == 0


def test_channels_bring_the_same_tips_in_otherwise(found: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    by_channel = found["groups"]["channel"]
    assert list(by_channel) == ["text message", "report on the web", "chat, in two messages"]
    assert len({tuple(row["recall"])[1] for row in by_channel.values()}) == 1, "the same tips"
    said: list[list[str]] = []

    def told(tip: Tip, messages: list[str], **_: bool) -> Judged:
        said.append(list(messages))
        return judge_told(tip, messages)

    monkeypatch.setattr(channels, "judge_told", told)
    long = replace(
        THREAD, id="x-en-02", text="there is a kid in my gym class who told us that he will not wake up tomorrow"
    )
    for come_in in channels.CHANNELS.values():
        come_in(long)
    assert said[0][0].startswith(f"{long.text}\n\nW"), "the form's fields stand below"
    assert said[1] == [long.text], "what happened counts by itself"
    assert [len(messages) for messages in said[2:]] == [2]
