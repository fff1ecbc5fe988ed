"""What `tipline run NAME` runs: one process, in the foreground, until SIGTERM or Ctrl-C."""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib import import_module

from gateway.front import valkey
from gateway.front.parent import end_with_parent
from gateway.front.places import Place, Var


def run(name: str, var: Var, environ: Mapping[str, str]) -> None:
    """Run one process until it is told to stop. It loads the code of that process and no other's.

    Raises: SettingsRefused, KeyRefused when it lacks something, or was given what it must not have.
    """
    end_with_parent(environ)
    place = Place(name, var, environ)
    place.clear()
    if name == "valkey":
        valkey.prepare(var)
        argv = valkey.command(var)
        place.note_ready()
        os.execv(argv[0], argv)  # noqa: S606 - our own binary, without a shell
    room = import_module("gateway.front.phones" if name == "phones" else "gateway.front.one_of_ours")
    try:
        room.run(place)
    finally:
        place.clear()
