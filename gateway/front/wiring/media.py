"""Attachments: the store that a process is told of, and the worker's duties with it."""

from __future__ import annotations

from functools import partial

from gateway.core.database import Database
from gateway.core.keys import KeySet
from gateway.core.media import erasing, stores
from gateway.core.media.cleaning import Cleaning
from gateway.core.media.fetching import Fetching, Source
from gateway.core.media.screening import Scanner
from gateway.core.media.storing import Store
from gateway.core.media.workshop import Workshop
from gateway.core.queues import Waker
from gateway.core.settings import Settings
from gateway.core.times import utc_now
from gateway.front.duties import Duty, Patrol, tell, telling

_SWEEP_SECONDS = 3600.0


def store_of(settings: Settings) -> Store:
    """Make the store: where the setting says, otherwise beside the keys."""
    url = settings.media_url or (settings.keys_dir.absolute().parent / "media").as_uri()
    return stores.connect(url, settings.media_keep_free_bytes)


def of_courier(settings: Settings, database: Database, key_set: KeySet, source: Source, waker: Waker) -> Duty:
    """Make the courier's duty: fetching what the carrier keeps of texts with pictures.

    It is not rung for: few texts have any, a picture may be two seconds late, and looking in vain for each text is not
    free.
    """
    fetching = Fetching(
        database, key_set, store_of(settings), source, telling(utc_now), stored=partial(waker.wake, "worker")
    )
    return Duty("fetch", fetching.fetch_all, on_call=False)


def of_worker(settings: Settings, database: Database, key_set: KeySet) -> list[Duty]:
    """Make the worker's duties: cleaning what came in, and sweeping away what no row names."""
    store, clock = store_of(settings), telling(utc_now)
    scanner = Scanner(settings.clamd_url, tell) if settings.clamd_url else None
    cleaning = Cleaning(database, key_set, store, Workshop(alive=tell), clock, scanner)
    return [
        Duty("attachments", cleaning.clean_all),
        Patrol("sweep", lambda: erasing.sweep(database, store, clock()), every_seconds=_SWEEP_SECONDS),
    ]
