"""Alerts to test with: one that is whole, and three hundred that differ in all that alerts differ in."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from exports import cap

NOW = datetime(2026, 11, 21, 15, 15, 3, 250_000, tzinfo=UTC)
ZONES = ("America/Denver", "America/New_York", "America/Phoenix", "Pacific/Honolulu", "America/St_Johns", "UTC")
SCHOOLS = (
    "Lincoln High",
    "Escuela Primaria José Martí",
    "St. Mary's & All Saints",
    "The <Very> Long Consolidated Independent Regional Magnet School for the Arts, Sciences and Mathematics",
    "P.S. 118 “The Annex” – North",
    "Ω ≤ 4 🙂 Academy",
)
FOLLOWING = (cap.MsgType.UPDATE, cap.MsgType.CANCEL)


def area(**changes: object) -> cap.Area:
    """Give an area of every kind of place, with some attributes changed."""
    whole = cap.Area(
        area_desc="Lincoln High",
        polygons=(cap.polygon("39.10,-105.10 39.10,-105.00 39.20,-105.00 39.10,-105.10"),),
        circles=(cap.circle("39.1500,-105.05 0.5"),),
        geocodes=(cap.Named("SAME", "008031"),),
        altitude=Decimal(5280),
        ceiling=Decimal("5400.5"),
    )
    return replace(whole, **changes)  # type: ignore[arg-type]  # a test names what it changes


def alert(**changes: object) -> cap.Alert:
    """Give an alert that nothing is wrong with, with some attributes changed."""
    sent = cap.moment(NOW, "America/Denver")
    facts = cap.Facts(
        school="Lincoln High", sender_name="District 7", contact="303-555-0100", web="https://d7.example/"
    )
    infos = cap.scenarios.infos("lockdown", facts, status=cap.Status.ACTUAL, sent=sent, areas=(area(),))
    whole = cap.Alert(
        identifier="tipline-1",
        sender="alerts@district7.example",
        sent=sent,
        status=cap.Status.ACTUAL,
        msg_type=cap.MsgType.ALERT,
        scope=cap.Scope.PUBLIC,
        codes=(cap.IPAWS,),
        infos=infos,
    )
    return replace(whole, **changes)  # type: ignore[arg-type]  # a test names what it changes


def with_info(**changes: object) -> cap.Alert:
    """Give that alert with some attributes of its first info changed."""
    whole = alert()
    changed = replace(whole.infos[0], **changes)  # type: ignore[arg-type]  # as above
    return replace(whole, infos=(changed, *whole.infos[1:]))


def with_area(**changes: object) -> cap.Alert:
    """Give that alert with some attributes of its first area changed."""
    return with_info(areas=(area(**changes),))


def with_resource(**changes: object) -> cap.Alert:
    """Give that alert with a resource, and some of its attributes changed."""
    whole = cap.Resource(resource_desc="Map", mime_type="image/png", uri="https://d7.example/map.png")
    return with_info(resources=(replace(whole, **changes),))  # type: ignore[arg-type]  # as above


def saying(words: str) -> cap.Alert:
    """Give that alert with the same words in every element in which people write sentences."""
    resource = cap.Resource(resource_desc=words, mime_type="image/png", uri="https://d7.example/map.png")
    said = with_info(
        event=words,
        audience=words,
        headline=words,
        description=words,
        instruction=words,
        parameters=(cap.Named("CMAMtext", words),),
        event_codes=(cap.Named("x", words),),
        resources=(resource,),
        areas=(area(area_desc=words, geocodes=(cap.Named("x", words),)),),
    )
    return replace(said, scope=cap.Scope.RESTRICTED, restriction=words, note=words, infos=said.infos[:1])


def three_hundred() -> tuple[cap.Alert, ...]:
    """Make 300 alerts: each scenario, status, kind of message, scope and language set, on areas of every form.

    Each that updates or cancels follows one that stands, as `history.follow` makes it.
    """
    return tuple(itertools.islice(_alerts(random.Random(6)), 300))


def _alerts(chance: random.Random) -> Iterator[cap.Alert]:
    scenarios, languages = cap.scenarios.every(), (("en-US", "es-US"), ("en-US",), ("es-US",))
    rounds = itertools.product(cap.MsgType, cap.Scope, cap.Status)
    for number, (msg_type, scope, status) in enumerate(itertools.cycle(rounds)):
        scenario, school = scenarios[number % len(scenarios)], SCHOOLS[number % len(SCHOOLS)]
        sent = cap.moment(NOW + timedelta(minutes=number), ZONES[number % len(ZONES)])
        facts = cap.Facts(
            school=school,
            sender_name=f"District of {school}",
            place=chance.choice(["", "Room 12, east wing", "the gym > pool"]),
            contact=chance.choice([None, "303-555-0100", "office@district7.example"]),
            web=chance.choice([None, "https://district7.example/alerts?id=1&lang=es"]),
            details=chance.choice([None, {"en-US": "Bus 4 & 5\nare late.", "es-US": "¿Preguntas?\r\n\tLlame."}]),
        )
        infos = cap.scenarios.infos(
            scenario.code,
            facts,
            status=status,
            sent=sent,
            areas=_areas(chance),
            languages=languages[number % len(languages)],
            minutes=chance.choice([None, 15, 600]),
        )
        first = cap.Alert(
            identifier=f"tipline-{number}",
            sender="alerts@district7.example",
            sent=sent,
            status=status,
            msg_type=msg_type,
            source=chance.choice([None, "Tipline"]),
            scope=scope,
            restriction="Staff of the district" if scope is cap.Scope.RESTRICTED else None,
            addresses=_addresses(scope, chance),
            codes=(cap.IPAWS,),
            note=chance.choice([None, "Spring drill"]),
            incidents=chance.choice([(), ("incident-1", "two words")]),
            infos=tuple(replace(info, resources=_resources(chance)) for info in infos),
        )
        yield _following(first, number) if msg_type is not cap.MsgType.ALERT else first


def _following(alert: cap.Alert, number: int) -> cap.Alert:
    """Give a message that follows one, or two, which stand: updates and cancels name both."""
    told = replace(
        alert,
        identifier=f"first-{number}",
        msg_type=cap.MsgType.ALERT,
        sent=alert.sent - timedelta(minutes=5),
        infos=tuple(replace(info, expires=alert.sent + timedelta(hours=1)) for info in alert.infos),
    )
    if alert.msg_type not in FOLLOWING:
        return replace(alert, references=(told.reference,), infos=())
    more = cap.history.follow(
        told,
        [],
        msg_type=cap.MsgType.UPDATE,
        identifier=f"second-{number}",
        sent=alert.sent - timedelta(minutes=1),
        infos=told.infos,
    )
    made = {"msg_type": alert.msg_type, "identifier": alert.identifier, "sent": alert.sent, "infos": alert.infos}
    return cap.history.follow(told, [more] if number % 2 else [], **made)  # type: ignore[arg-type]  # as above


def _addresses(scope: cap.Scope, chance: random.Random) -> tuple[str, ...]:
    known = ("staff@district7.example", "group of principals")
    return known if scope is cap.Scope.PRIVATE else chance.choice([(), known[:1]])


def _areas(chance: random.Random) -> tuple[cap.Area, ...]:
    """Draw up to three areas with the same kinds of place: `capparselib` wants in the first what any of them has."""
    polygons, circles = chance.choice([(1, 0), (0, 1), (2, 1), (0, 0)])
    return tuple(_area(polygons, circles, chance) for _ in range(chance.randint(1, 3)))


def _area(polygons: int, circles: int, chance: random.Random) -> cap.Area:
    latitude, longitude = chance.uniform(-60, 60), chance.uniform(-170, 170)
    return cap.Area(
        area_desc=f"Area {chance.randrange(10**6)}",
        polygons=tuple(star(latitude, longitude, chance) for _ in range(polygons)),
        circles=tuple(
            cap.Circle(cap.point(latitude, longitude), Decimal(chance.randrange(0, 5000)) / 1000)
            for _ in range(circles)
        ),
        geocodes=(cap.Named("SAME", f"{chance.randrange(10**6):06}"),),
        altitude=chance.choice([None, Decimal("12.5")]),
    )


def star(latitude: float, longitude: float, chance: random.Random) -> cap.Polygon:
    """Draw a polygon around a point: going round once, it never crosses itself, whatever its rays' lengths."""
    steps = chance.randint(4, 40)
    angles = [2 * math.pi * (step + chance.uniform(0, 0.9)) / steps for step in range(steps)]
    reaches = [chance.uniform(0.01, 0.05) for _ in angles]
    points = [
        cap.point(latitude + reach * math.sin(angle), longitude + reach * math.cos(angle))
        for angle, reach in zip(angles, reaches, strict=True)
    ]
    return (*points, points[0])


def _resources(chance: random.Random) -> tuple[cap.Resource, ...]:
    return chance.choice([
        (),
        (cap.Resource(resource_desc="Map", mime_type="image/png", size=2048, uri="https://district7.example/map.png"),),
        (cap.Resource(resource_desc="Sound", mime_type="audio/mpeg", uri="sound.mp3", deref_uri="aGVsbG8=", size=5,
                      digest="aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d"),),
    ])  # fmt: skip
