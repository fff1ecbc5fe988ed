"""Power loss: everything is killed at once in the midst of work, and started again with no other hand."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from tests.faults.crowd import Crowd
from tests.faults.site import Site, pause, strain
from tests.faults.tally import settle

pytestmark = pytest.mark.faults
WITHIN_SECONDS = 15.0
AT_LEAST = 8
"""Our processes, Valkey, the phones, two supervisors: fewer were not everything."""
_TEXTS = 60


def test_a_cold_start_finishes_what_was_open(site: Site, crowd: Crowd, show: Callable[[str], None]) -> None:
    assert settle(site, crowd, 60)[0].bad == {}
    writing = threading.Thread(target=crowd.write, args=(_TEXTS,))
    for _ in range(3):
        crowd.reply()
    writing.start()
    pause(1.0)
    strained = strain()
    assert site.kill_all() >= AT_LEAST
    crowd.hush()
    writing.join()
    crowd.go_on()
    assert crowd.texts, "the carrier had some by then"
    if site.postgres:
        site.postgres.restart()
    began = time.monotonic()
    ready = site.start()
    crowd.healthy()
    tally, _ = settle(site, crowd, 60, every=0.2)
    took = time.monotonic() - began
    kind = "PostgreSQL" if site.postgres else "SQLite"
    show(f"cold start on {kind}: all ready after {ready:.1f} s, all that was open finished after {took:.1f} s")
    show(f"  strain of the machine {strained:.1f}; texts that came twice: {dict(tally.doubles) or 'none'}")
    assert tally.bad == {}
    assert took < WITHIN_SECONDS * strained
