"""One of the product's own processes: told what is its to know, then run from its file in `wiring/`."""

from __future__ import annotations

from importlib import import_module

from gateway.core import logs
from gateway.core.database import Database
from gateway.core.errors import SettingsRefused, Unavailable
from gateway.core.logs import log
from gateway.core.settings import Settings
from gateway.front import environment, revision
from gateway.front.places import Place


def run(place: Place) -> None:
    """Run it until told to stop. Raises: SettingsRefused, KeyRefused."""
    settings = environment.load(place.process, place.var, place.environ)
    logs.setup(place.process, settings.log_level)
    _require_tables(settings)
    import_module(f"gateway.front.wiring.{place.process}").run(settings, place)


def _require_tables(settings: Settings) -> None:
    """Refuse to run on tables of another version. A database that is away may still come: each process waits for it."""
    database = Database(settings.database_url)
    try:
        if not revision.is_current(database):
            raise SettingsRefused("The database lacks tables of this version. Run `tipline migrate`.")
    except Unavailable:
        log().warning("the database does not answer yet")
    finally:
        database.close()
