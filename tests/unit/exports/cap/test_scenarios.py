"""What templates say: plain, short enough for phones, in both languages, and never a drill that reads like danger."""

import re
import string

import pytest
import readability

from exports import cap
from exports.cap import ipaws, scenarios, wea
from exports.cap.scenarios import LANGUAGES, Scenario
from gateway.core.errors import NotFound
from tests.support.alerts import NOW, SCHOOLS, alert, area

SENT = cap.moment(NOW, "America/Denver")
EVERY = scenarios.every()
GRADE = 6.0
FACTS = cap.Facts(school="Lincoln High", sender_name="District 7")


def fill(code: str, facts: cap.Facts = FACTS, status: cap.Status = cap.Status.ACTUAL) -> tuple[cap.Info, ...]:
    return scenarios.infos(code, facts, status=status, sent=SENT, areas=(area(),))


def phone(info: cap.Info, name: str) -> str:
    (text,) = [one.value for one in info.parameters if one.value_name == name]
    return text


def test_all_that_schools_and_colleges_need_is_there() -> None:
    school = ["lockdown", "evacuate", "shelter", "hold", "all_clear", "mistake"]
    college = ["lockdown", "evacuate", "shelter", "all_clear", "mistake", "timely_warning", "emergency_notification"]
    assert [one.code for one in scenarios.every("school")] == school
    assert [one.code for one in scenarios.every("college")] == college
    assert scenarios.find("hold") in EVERY
    with pytest.raises(NotFound):
        scenarios.find("party")
    with pytest.raises(NotFound):
        scenarios.infos("hold", FACTS, status=cap.Status.TEST, sent=SENT, areas=(), languages=["fr-FR"])


@pytest.mark.parametrize("scenario", EVERY, ids=lambda one: one.code)
def test_it_fills_an_alert_that_nothing_is_wrong_with(scenario: Scenario) -> None:
    whole = alert(infos=fill(scenario.code))
    assert cap.check(whole) == cap.ipaws.check(whole) == ()
    assert [info.language for info in whole.infos] == list(LANGUAGES)
    for info in whole.infos:
        assert info.event_codes == (cap.Named("SAME", scenario.same),)
        assert info.expires is not None
        assert (info.expires - SENT).total_seconds() == scenario.minutes * 60
    assert scenario.same in ipaws.EVENTS


@pytest.mark.parametrize("school", [*SCHOOLS, "X" * 200, "á" * 95, "€€€ {school} %s", ""])
@pytest.mark.parametrize("scenario", EVERY, ids=lambda one: one.code)
def test_texts_for_phones_fit_whatever_the_school_is_called(scenario: Scenario, school: str) -> None:
    facts = cap.Facts(school=school, sender_name="District 7")
    for status in cap.Status:
        infos = fill(scenario.code, facts, status)
        assert cap.wea.check(alert(infos=infos)) == ()
        for info, texts in zip(infos, (scenario.texts[language] for language in LANGUAGES), strict=True):
            for name, template in (wea.SHORT, texts.short), (wea.LONG, texts.long):
                head, tail = template.split("{school}")
                assert phone(info, name).endswith(tail)
                assert head in phone(info, name)


@pytest.mark.parametrize("scenario", EVERY, ids=lambda one: one.code)
def test_a_school_is_still_known_by_its_cut_name(scenario: Scenario) -> None:
    facts = cap.Facts(school="Lincoln High School of Arts and Sciences", sender_name="District 7")
    for info in fill(scenario.code, facts, cap.Status.EXERCISE):
        assert re.search(r"\bLincoln\b", phone(info, wea.SHORT))
        assert facts.school in phone(info, wea.LONG)
        assert facts.school in (info.headline or "")


@pytest.mark.parametrize("status", [cap.Status.EXERCISE, cap.Status.TEST, cap.Status.SYSTEM])
@pytest.mark.parametrize("scenario", EVERY, ids=lambda one: one.code)
def test_a_drill_says_so_in_every_text_and_has_no_code_of_danger(scenario: Scenario, status: cap.Status) -> None:
    marks = {"en-US": r"DRILL|TEST|drill|test\b", "es-US": r"SIMULACRO|PRUEBA|simulacro|prueba"}
    for info in fill(scenario.code, status=status):
        said = (
            info.event,
            info.headline,
            info.description,
            info.instruction,
            phone(info, wea.SHORT),
            phone(info, wea.LONG),
        )
        assert all(re.match(rf"(\w+ (is|es) \w+ )?({marks[info.language or '']})", text or "") for text in said), said
        assert info.event_codes == (cap.Named("SAME", "DMO"),)


@pytest.mark.parametrize("status", [cap.Status.ACTUAL, cap.Status.DRAFT])
def test_danger_is_never_called_a_drill(status: cap.Status) -> None:
    for scenario in EVERY:
        written = cap.render(alert(status=status, infos=fill(scenario.code, status=status))).decode()
        assert not re.search(r"(?i)\b(drill|test|simulacro|prueba)\b", written)


@pytest.mark.parametrize("scenario", EVERY, ids=lambda one: one.code)
def test_english_reads_at_sixth_grade(scenario: Scenario) -> None:
    texts = scenario.texts["en-US"]
    for text in f"{texts.headline}. {texts.description} {texts.instruction}", texts.long:
        said = text.format(school="Lincoln", place="the gym")
        sentences = [" ".join(re.findall(r"[\w'-]+", one)) + " ." for one in re.split(r"[.?!:]+ *", said) if one]
        measured = readability.getmeasures("\n".join(sentences), lang="en")
        assert measured["readability grades"]["Kincaid"] <= GRADE, said


@pytest.mark.parametrize("scenario", EVERY, ids=lambda one: one.code)
def test_spanish_reads_as_easily(scenario: Scenario) -> None:
    """By INFLESZ most people read easily what has 55 and above. Source: Barrio-Cantalejo et al. 2008."""
    texts = scenario.texts["es-US"]
    said = f"{texts.headline}. {texts.description} {texts.instruction}".format(school="Lincoln", place="el gimnasio")
    words = re.findall(r"\w+", said)
    sentences = [one for one in re.split(r"[.?!:]+", said) if one.strip()]
    syllables = sum(len(re.findall(r"[aeiouáéíóúü]+", word.lower())) or 1 for word in words)
    assert 206.835 - 62.3 * syllables / len(words) - len(words) / len(sentences) >= 55


@pytest.mark.parametrize("scenario", EVERY, ids=lambda one: one.code)
def test_both_languages_fill_in_the_same_things(scenario: Scenario) -> None:
    def fields(text: str) -> set[str | None]:
        return {name for _, name, _, _ in string.Formatter().parse(text)} - {None}

    english, spanish = (scenario.texts[language] for language in LANGUAGES)
    for name in english.__dataclass_fields__:
        assert fields(getattr(english, name)) == fields(getattr(spanish, name)) <= {"school", "place"}, name
        assert getattr(english, name) != getattr(spanish, name)
        assert (fields(getattr(english, name)) == {"school"}) or name not in {"headline", "short", "long"}


def test_facts_are_filled_in_and_never_read_as_templates() -> None:
    facts = cap.Facts(
        school="{place} & {0}",
        sender_name="District 7",
        place="the {gym}",
        details={"en-US": "Bus {4} is late."},
        contact="303-555-0100",
        web="https://d7.example/",
    )
    english, spanish = fill("lockdown", facts)
    assert english.headline == "Lockdown at {place} & {0}"
    assert english.description == "the {gym} is in lockdown because of a possible danger. Bus {4} is late."
    assert spanish.description == "the {gym} está en cierre de emergencia por un posible peligro."
    assert (english.contact, english.web, english.sender_name) == (facts.contact, facts.web, facts.sender_name)


def test_a_drill_of_an_hour_may_last_five_minutes() -> None:
    (info,) = scenarios.infos(
        "hold", FACTS, status=cap.Status.EXERCISE, sent=SENT, areas=(), languages=["es-US"], minutes=5
    )
    assert info.expires is not None
    assert (info.expires - SENT).total_seconds() == 300
