"""Phones: the demo's stand-in for the phone company, served like any other process. It holds no key of ours."""

from __future__ import annotations

from channels.phone import app
from channels.phone import config as phone_config
from gateway.core.errors import SettingsRefused
from gateway.core.settings import Settings
from gateway.front import serving
from gateway.front.places import Place


def run(_settings: Settings, place: Place) -> None:
    """Serve it until told to stop. Raises: SettingsRefused when nothing says what it should stand in for."""
    path = place.var.phones_config
    if not path.exists():
        raise SettingsRefused(f"There is no {path}: `tipline demo` makes it.")
    serving.serve(app.create(phone_config.load(path)), "127.0.0.1", place)
