"""What the pages say: whole in every language, and at a 6th-grade reading level."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import readability
import yaml
from babel.messages.catalog import Catalog
from babel.messages.frontend import CommandLineInterface
from babel.messages.pofile import read_po

from channels.portal import help_lines, topics
from channels.portal.languages import FOLDER, SOURCE, Languages
from triage.topics import CHOICES

ROOT = Path(__file__).parents[4]
CATALOGUES = sorted(FOLDER.glob("*/LC_MESSAGES/portal.po"))
GRADE = 6.0
BLAME_AND_JARGON = re.compile(
    r"\b(fault|guilty|false report|victim|perpetrator|incident|anonymous\w*|submit\w*|invalid|error|encrypt\w*|"
    r"server|session|authenticat\w*|user|IP address|database)\b",
    re.IGNORECASE,
)


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """Gather every text that a page can show, in English, as `make words` does."""
    found = tmp_path_factory.mktemp("words") / "portal.pot"
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        command = ["pybabel", "--quiet", "extract", "--mapping", "pyproject.toml", "--output-file", str(found)]
        CommandLineInterface().run([*command, "channels/portal"])
    with found.open("rb") as file:
        return read_po(file)


def texts(catalogue: Catalog) -> set[str]:
    return {message.id for message in catalogue if isinstance(message.id, str) and message.id}


def test_every_kind_of_text_is_gathered(said: Catalog) -> None:
    lines = yaml.safe_load(help_lines.FILE.read_text("utf-8"))["US"]["lines"]
    assert {lines[0]["short"], lines[0]["about"], "What happened?", topics.CHOICES[0][1]} <= texts(said)


def test_spanish_is_there() -> None:
    assert [path.parent.parent.name for path in CATALOGUES] == ["es"]
    assert set(Languages().all) == {SOURCE, "es"}


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.parent.parent.name)
def test_no_text_is_missing_fuzzy_or_left_over(said: Catalog, path: Path) -> None:
    with path.open("rb") as file:
        catalogue = read_po(file, locale=path.parent.parent.name)
    assert texts(catalogue) == texts(said)
    for message in catalogue:
        assert message.string or not message.id, message.id
        assert not (message.fuzzy and message.id), message.id
    assert [(message.id, errors) for message, errors in catalogue.check()] == []


def test_every_choice_of_the_house_has_words() -> None:
    assert [code for code, _ in topics.CHOICES] == [choice.value for choice in CHOICES]
    assert len({words for _, words in topics.CHOICES}) == len(CHOICES)


def grade(text: str) -> float:
    """Give the reading grade by Flesch-Kincaid. Source: Kincaid et al. 1975; computed by `readability`."""
    sentences = re.findall(r"[^.?!:…]+[.?!:…]*", re.sub(r"[“”()]", "", text.replace("%(number)s", "988")))
    lines = "\n".join(" ".join(re.findall(r"[\w’'-]+|[^\w\s]", one)) for one in sentences if one.strip())
    return float(readability.getmeasures(lines, lang="en")["readability grades"]["Kincaid"])


def sentences_of(said: Catalog) -> list[str]:
    """Keep what is a sentence; of one or two words no grade can be told."""
    return sorted(text for text in texts(said) if text.rstrip("”")[-1] in ".?!")


def test_pages_are_read_by_sixth_graders(said: Catalog) -> None:
    found = sentences_of(said)
    assert len(found) > 50
    assert grade(" ".join(found)) < GRADE - 2
    hard = {text: round(grade(text), 1) for text in found if len(text.split()) >= 8 and grade(text) > GRADE}
    assert hard == {}


def test_the_measure_tells_hard_from_easy() -> None:
    assert grade("Anonymous submissions are subsequently evaluated by designated administrative personnel.") > 12
    assert grade("A person at your school reads each report.") < GRADE


def test_nobody_is_blamed_and_no_jargon_is_used(said: Catalog) -> None:
    assert [text for text in texts(said) if BLAME_AND_JARGON.search(text)] == []
