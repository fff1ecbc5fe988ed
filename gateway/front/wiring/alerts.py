"""The worker's part of warning the public: issuing what was approved, and bringing it to where it goes."""

from __future__ import annotations

from gateway.core.database import Database
from gateway.core.http import Guarded
from gateway.core.keys import KeySet
from gateway.core.settings import Settings
from gateway.core.times import utc_now
from gateway.front.duties import Duty, telling
from responders.escalation.delivering import Deliverer, Way
from responders.escalation.folders import Folder
from responders.escalation.issuing import Issuer
from responders.escalation.mailing import Mailing
from responders.escalation.posting import Posting


def of_worker(settings: Settings, database: Database, key_set: KeySet) -> list[Duty]:
    """Make its duties, apart: a receiver that hangs does not keep the next alert from being issued."""
    clock = telling(utc_now)
    deliverer = Deliverer(database, ways(settings, database, key_set), clock)
    issuer = Issuer(database, key_set, settings.keys, clock)
    delivering = Duty("alerts out", deliverer.deliver_all)

    def issue() -> None:
        if issuer.issue_all():
            delivering.ring()

    return [Duty("alerts", issue), delivering]


def ways(settings: Settings, database: Database, key_set: KeySet) -> dict[str, Way]:
    """List the ways out that this house has."""
    found: dict[str, Way] = {
        "post": Posting(database, Guarded(settings.allowed_hosts), key_set, utc_now),
    }
    if settings.alerts_dir is not None:
        found["folder"] = Folder(settings.alerts_dir)
    if settings.smtp_url is not None and settings.mail_from is not None:
        found["mail"] = Mailing(settings.smtp_url, settings.mail_from)
    return found
