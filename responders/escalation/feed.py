"""The feed of what was issued: an Atom document with links to the alerts, for whoever may read it.

Intake serves it: it is the public app, which the world reaches already, while the console is often behind a wall, and
feeds are polled by machines that nobody signs in for. Intake may read what was issued, and nothing of a draft.
A district that has no feed, a wrong token and an unknown alert are all the same 404.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session, aliased, load_only, undefer
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from exports import feed
from gateway.core import cap_keys
from gateway.core.database import Database
from gateway.core.errors import NotFound
from gateway.core.records import District
from gateway.core.times import Clock
from responders.escalation.records import ISSUED, Alert, EscalationRules

MOST = 200
"""So many alerts at most stand in a feed, the newest first."""
_SHOWN = (
    Alert.id, Alert.district_id, Alert.headline, Alert.issued_at, Alert.expires_at, Alert.status, Alert.state,
)  # fmt: skip
_BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)


def hash_of(token: str) -> str:
    """Say what is kept of a token; it has 192 bits of its own, so a fast hash is enough."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True)
class Feeds:
    """What the pages need: `folder` holds intake's keys, the certificates among them."""

    database: Database
    folder: Path
    public_url: str
    clock: Clock

    def routes(self) -> list[BaseRoute]:
        """Say where they are served."""
        shapes = ("/alerts/{district}", "/alerts/{district}/{token}")
        return [
            Route("/alerts/certificates.pem", self.certificates, methods=["GET"]),
            *(Route(f"{shape}/feed.atom", self.feed, methods=["GET"]) for shape in shapes),
            *(Route(f"{shape}/{{alert}}.xml", self.alert, methods=["GET"]) for shape in shapes),
        ]

    def feed(self, request: Request) -> Response:
        """List the alerts that hold: neither expired nor cancelled, nor followed by one that stands here itself."""
        base = f"{self.public_url}/alerts/{request.path_params['district']}"
        base += f"/{request.path_params['token']}" if "token" in request.path_params else ""
        with self.database.read() as session:
            district = _open_to(session, request)
            query = select(Alert).options(load_only(*_SHOWN)).where(_listed(district))
            query = query.where(Alert.expires_at > self.clock(), Alert.cancelled_by_id.is_(None), ~_followed(district))
            rows = list(session.scalars(query.order_by(Alert.issued_at.desc(), Alert.id).limit(MOST)))
            latest = select(Alert.issued_at).where(_listed(district)).order_by(Alert.issued_at.desc()).limit(1)
            updated_at = session.scalar(latest) or _BEGINNING
        entries = [
            feed.Entry(f"urn:tipline:{row.id}", row.headline or "", f"{base}/{row.identifier}.xml",
                       row.issued_at, row.expires_at)
            for row in rows if row.issued_at and row.expires_at
        ]  # fmt: skip
        made = feed.Feed(f"urn:tipline:{district.id}", district.name, f"{base}/feed.atom", updated_at, entries)
        return Response(feed.render(made), media_type=feed.CONTENT_TYPE)

    def alert(self, request: Request) -> Response:
        """Hand out one alert as it was issued, also when it holds no more."""
        with self.database.read() as session:
            district = _open_to(session, request)
            row_id = str(request.path_params["alert"]).removeprefix("TIPLINE-")
            query = select(Alert).options(load_only(Alert.id), undefer(Alert.document))
            row = session.scalar(query.where(_listed(district), Alert.id == row_id))
            if row is None or row.document is None:
                raise NotFound
            return Response(row.document, media_type=feed.ALERT_TYPE)

    def certificates(self, _request: Request) -> Response:
        """Hand out the certificates that alerts are, were and will be signed with."""
        found = cap_keys.certificates(self.folder)
        if not found:
            raise NotFound
        return Response(b"".join(found.values()), media_type="application/x-pem-file")


def _open_to(session: Session, request: Request) -> District:
    """Find the district whose feed this request may read. Raises: NotFound."""
    token = request.path_params.get("token")
    district = session.scalar(select(District).where(District.slug == request.path_params["district"]))
    rules = session.get(EscalationRules, district.id) if district else None
    if district is None or rules is None or rules.feed != ("public" if token is None else "token"):
        raise NotFound
    if token is not None and not hmac.compare_digest(hash_of(token), rules.feed_token_hash or ""):
        raise NotFound
    return district


def _listed(district: District, alert: type[Alert] = Alert) -> ColumnElement[bool]:
    """Say what may be read by a feed: what was issued, is for everybody, and is more than a draft."""
    return and_(
        alert.district_id == district.id, alert.state == ISSUED, alert.scope == "Public",
        alert.status != "Draft",
    )  # fmt: skip


def _followed(district: District) -> ColumnElement[bool]:
    """Say that a later message of the incident can be read: a danger stays over once its all clear has expired."""
    later = aliased(Alert)
    follows = later.incident == Alert.incident, later.issued_at > Alert.issued_at
    return select(later.id).where(*follows, _listed(district, later)).exists()
