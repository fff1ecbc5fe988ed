"""Screening on its way: what is infected stays sealed, what nobody looks at is cleaned and said so."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from gateway.core.media import cleaning, sealing
from gateway.core.media.cleaning import Cleaning
from gateway.core.media.folder import Folder
from gateway.core.media.screening import Scanner
from gateway.core.media.workshop import Workshop
from gateway.core.settings import load
from gateway.front.wiring import media
from tests.integration.media.test_cleaning import bring, row, shown
from tests.support import files
from tests.support.clamd import EICAR, Clamd, running
from tests.support.world import World


@pytest.fixture
def served() -> Iterator[tuple[str, Clamd]]:
    with running() as found:
        yield found


def cleaner(world: World, store: Folder, url: str) -> Cleaning:
    scanner = Scanner(url, seconds=0.0, rest_seconds=0.0)
    return Cleaning(world.of("worker"), world.keys["worker"], store, Workshop(), world.clock, scanner)


def test_it_sees_the_file_as_it_came_and_a_harmless_one_goes_on(
    world: World, store: Folder, served: tuple[str, Clamd]
) -> None:
    url, daemon = served
    [one] = bring(world, store, files.picture())
    assert cleaner(world, store, url).clean_all() == 1
    assert daemon.seen == [files.picture()]
    assert (row(world, one).state, row(world, one).reason) == ("clean", None)


def test_an_infected_file_stays_sealed_and_its_tip_is_there(
    world: World, store: Folder, served: tuple[str, Clamd]
) -> None:
    url, daemon = served
    picture = files.picture() + EICAR
    bad, good = bring(world, store, picture, files.picture())
    assert cleaner(world, store, url).clean_all() == 2
    found = row(world, bad)
    assert (found.state, found.reason, found.clean, found.parts) == ("broken", "infected", None, 0)
    kept = sealing.read(
        store, world.keys["worker"], found.original, found.original_key_sealed, found.bound("original_key")
    )
    assert b"".join(kept) == picture
    assert row(world, good).state == "clean"
    assert "attachment.broken" in world.events("attachment")
    assert world.message(found.message_id).words_sealed, "its tip is there"
    assert cleaner(world, store, url).clean_all() == 0
    assert len(daemon.seen) == 2, "it is not asked again"


@pytest.mark.parametrize("mood", ["away", "gone", "cut"])
def test_a_file_waits_a_little_for_one_that_is_away_and_is_then_cleaned_and_marked(
    world: World, store: Folder, served: tuple[str, Clamd], mood: str
) -> None:
    url, daemon = served
    daemon.mood = mood
    if mood == "away":
        url = "tcp://127.0.0.1:9"
    [one] = bring(world, store, files.picture())
    tries = 0
    while cleaner(world, store, url).clean_all() == 0:
        assert (row(world, one).state, row(world, one).attempts) == ("sealed", 0), "to wait is no attempt"
        world.clock.forward(seconds=21)
        tries += 1
        assert tries < 20
    assert timedelta(seconds=tries * 21) <= cleaning.SCREENED_WITHIN + timedelta(seconds=21)
    assert (row(world, one).state, row(world, one).reason) == ("clean", "unscreened")
    assert shown(world, store, one).startswith(b"\xff\xd8\xff")


def test_one_that_comes_back_in_time_is_asked(world: World, store: Folder, served: tuple[str, Clamd]) -> None:
    url, daemon = served
    daemon.mood = "gone"
    [one] = bring(world, store, files.picture() + EICAR)
    assert cleaner(world, store, url).clean_all() == 0
    daemon.mood = "well"
    world.clock.forward(seconds=21)
    assert cleaner(world, store, url).clean_all() == 1
    assert row(world, one).reason == "infected"


def test_what_is_too_large_for_it_is_cleaned_at_once_and_marked(
    world: World, store: Folder, served: tuple[str, Clamd]
) -> None:
    url, daemon = served
    daemon.most_bytes = 100
    [one] = bring(world, store, files.picture())
    assert cleaner(world, store, url).clean_all() == 1
    assert (row(world, one).state, row(world, one).reason) == ("clean", "unscreened")


def test_without_a_scanner_nothing_is_marked(world: World, store: Folder) -> None:
    [one] = bring(world, store, files.picture())
    Cleaning(world.of("worker"), world.keys["worker"], store, Workshop(), world.clock).clean_all()
    assert (row(world, one).state, row(world, one).reason) == ("clean", None)


def test_the_worker_asks_the_scanner_that_its_settings_name(world: World, served: tuple[str, Clamd]) -> None:
    url, daemon = served
    with TemporaryDirectory() as folder:
        store = Folder(Path(folder), keep_free_bytes=0)
        given = {"DATABASE_URL": "sqlite://", "REDIS_URL": "redis://x", "TIPLINE_KEYS_DIR": folder}
        settings = load("clock", {**given, "TIPLINE_MEDIA_URL": Path(folder).as_uri(), "TIPLINE_CLAMD_URL": url})
        [one] = bring(world, store, files.picture() + EICAR)
        duties = media.of_worker(settings, world.of("worker"), world.keys["worker"])
        for step in next(duty for duty in duties if duty.name == "attachments")._steps:
            step()
    assert row(world, one).reason == "infected"
    assert len(daemon.seen) == 1
