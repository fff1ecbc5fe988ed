"""The report runs, shows what it says, asks nobody for anything; what it disturbs and switches off really changes."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.triage_report import __main__ as command
from tests.triage_report import ablations, corpus, dialects, disturbances, floors, measure, page, tables
from tests.triage_report.corpus import Tip
from tests.triage_report.judging import judge, judge_told
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
    for heading in ("By language", "By category", "By reporter", "Confusion", "Robustness", "Fairness", "Speed"):
        assert heading in html


def test_page_marks_spans_and_escapes_words() -> None:
    one = {"text": "<b> he has a gun & knife", "spans": [["weapon_seen", 4, 16], ["inner", 11, 16], ["blade", 19, 24]]}
    assert page.highlighted(one) == (
        "&lt;b&gt; <mark>he has a gun<small>weapon_seen</small></mark> &amp; <mark>knife<small>blade</small></mark>"
    )


def test_measuring_finds_the_same_again(found: dict[str, Any]) -> None:
    again = measure.summary(measure.judged("develop", corpus.read("develop")[::8]))
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
    "without raising": "he has a gun at school",
    "without asking (unsure)": "hi",
}


@pytest.mark.parametrize("layer", _BITES)
def test_each_layer_switched_off_is_off(layer: str) -> None:
    text = _BITES[layer]
    before = assess(text)
    with ablations.LAYERS[layer]():
        without = assess(text)
    assert (without.severity, without.unsure) != (before.severity, before.unsure)
    assert without.unsure_reason != "engine_error"
    assert assess(text) == before


def test_weak_signs_switched_off_ask_less(found: dict[str, Any]) -> None:
    """No one text is named here, since it may get a rule of its own any day."""
    tips = corpus.read("develop")
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


@pytest.mark.parametrize(
    "content",
    [
        {"develop": ["a"], "test": ["b"]},
        {"a": {"half": "develop", "about": "x"}, "b": {"half": "test"}},
        {"a": "develop", "b": "test"},
        {"themes": [{"theme": "a", "half": "develop"}, {"theme": "b", "half": "test"}]},
        [{"name": "a", "half": "develop"}, {"id": "b", "half": "test"}],
    ],
    ids=["by half", "by theme", "plain", "listed under themes", "listed"],
)
def test_themes_tell_the_halves(content: object, tmp_path: Path) -> None:
    assert corpus.themes(tmp_path) == {}
    (tmp_path / "themes.yaml").write_text(yaml.safe_dump(content), "utf-8")
    assert corpus.themes(tmp_path) == {"a": "develop", "b": "test"}


def test_a_theme_without_half_is_refused_once_there_are_halves(tmp_path: Path) -> None:
    (tmp_path / "tips").mkdir()
    row = {name: getattr(THREAD, name) for name in THREAD.__slots__}
    (tmp_path / "tips" / "x-en.jsonl").write_text(json.dumps(row) + "\n", "utf-8")
    assert [tip.id for tip in corpus.read("develop", tmp_path)] == ["x-en-01"]
    assert corpus.read("test", tmp_path) == []
    (tmp_path / "themes.yaml").write_text("test: [x]\n", "utf-8")
    assert corpus.read("develop", tmp_path) == []
    assert [tip.id for tip in corpus.read("test", tmp_path)] == ["x-en-01"]
    (tmp_path / "themes.yaml").write_text("test: [y]\n", "utf-8")
    with pytest.raises(ValueError, match=r"x stands in no half"):
        corpus.read("develop", tmp_path)


def test_second_ratings_give_a_kappa(tmp_path: Path) -> None:
    tips = corpus.read("develop")[:40]
    assert measure._second(tips, tmp_path) is None
    (tmp_path / "second").mkdir()
    lines = [json.dumps({"id": tip.id, "severity": tip.severity.value, "category": tip.category}) for tip in tips]
    (tmp_path / "second" / "a.jsonl").write_text("\n".join(lines), "utf-8")
    assert measure._second(tips, tmp_path) == {"tips": 40, "severity": 1.0, "category": 1.0}


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
