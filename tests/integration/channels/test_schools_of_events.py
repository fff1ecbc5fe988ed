"""Which school another system's event is about: the one that a concern names, or the system's own."""

from __future__ import annotations

from tests.support.telling import BATCHED, GUN, Site, event


def test_nothing_is_made_of_a_school_in_an_event_of_a_kind_that_we_do_not_know(site: Site) -> None:
    others = [event(id=school, type="com.vendor.x", data={"school": school}) for school in ("cedar", "nowhere")]
    answer = site.post(others, BATCHED)
    assert [one["event"] for one in answer.json()["warnings"]] == [0, 1], "one each, for its type"
    assert not any("Look which one is meant." in words for words in site.words())
    assert [case.school_id for case in site.take()] == [site.world.school_id] * 2


def test_a_school_is_the_one_that_is_named_or_the_systems_own(site: Site) -> None:
    for number, school in enumerate(("cedar", "nowhere", "\x00'; DROP", 7, None)):
        told = event(id=str(number), data={"summary": GUN, "school": school})
        for _ in "once", "and again":
            answer = site.post(told)
            assert answer.status_code == 202
            warned = [one["detail"] for one in answer.json().get("warnings", [])]
            assert ["no school of the short name" in one for one in warned] == [True] * (school not in {"cedar", None})
    schools = [case.school_id for case in site.take()]
    assert schools.count(site.world.second_school_id) == 1
    assert schools.count(site.world.school_id) == 4
    assert sum("Look which one is meant." in words for words in site.words()) == 3


def test_the_longest_words_have_room_for_the_remark(site: Site) -> None:
    site.post(event(data={"summary": GUN, "detail": "x" * 30_000, "school": "nowhere"}))
    (words,) = site.words()
    assert len(words) == 20_000
    assert "too long to keep.]\n\nNo school of the district" in words
