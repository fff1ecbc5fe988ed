"""Common Alerting Protocol 1.2: build an alert, check it, write it, sign it, read it back.

Build. `scenarios` fills infos in English and Spanish from a template; all else is a plain frozen value:

    sent = cap.moment(now, "America/Denver")  # whole seconds, with the district's offset
    area = cap.Area(
        area_desc="Lincoln High",
        polygons=(cap.polygon("39.10,-105.10 39.10,-105.00 39.20,-105.00 39.10,-105.10"),),
        geocodes=(cap.Named("SAME", "008031"),),
    )
    facts = cap.Facts(school="Lincoln High", sender_name="District 7", contact="303-555-0100")
    alert = cap.Alert(
        identifier="tipline-9f0c…", sender="alerts@district7.example", sent=sent,
        status=cap.Status.ACTUAL, msg_type=cap.MsgType.ALERT, scope=cap.Scope.PUBLIC, codes=(cap.IPAWS,),
        infos=cap.scenarios.infos("lockdown", facts, status=cap.Status.ACTUAL, sent=sent, areas=(area,)),
    )

Check. Each gives findings: the element's path, a stable code, a sentence that names it, and whether it is only advice:

    cap.check(alert)                  # CAP 1.2: all that its schema does not hold, and what it does
    cap.ipaws.check(alert)            # the IPAWS profile, and the texts for phones (`cap.wea`)
    cap.history.check(alert, before)  # references: unknown, expired, cancelled, left out; an identifier used twice
    cap.privacy.check(alert, "US")    # something by which a reporter gave themselves away; `privacy.mask` hides it
    cap.refuse(findings)              # raises `Refused` when one of them is an error; advice passes

Follow. An update, a cancel or an all clear names every message of its kind that still stands:

    cap.history.follow(alert, before, msg_type=cap.MsgType.CANCEL, identifier=…, sent=…, infos=…)

Write and read. `render` refuses whatever `check` calls an error; `read` takes anyone's bytes, or raises `Unreadable`:

    document = cap.render(alert)      # UTF-8 bytes, `cap.CONTENT_TYPE`; `cap.pretty(document)` for eyes
    assert cap.read(document) == alert

Sign. Keys are PEM, handed in by whoever holds them; `signature.make_key` makes a pair, `describe` reads a certificate:

    signed = cap.sign(document, key_pem, certificate_pem)
    cap.verify(signed, [certificate_pem], now)  # the alert that was signed, or `Forged`

Nothing here knows the database, a clock or the network, and nothing posts to IPAWS. Decision 0025 says why it is so.
"""

from exports.cap import geometry, history, ipaws, marks, privacy, scenarios, signature, wea
from exports.cap.findings import Finding, Refused, Unreadable, refuse
from exports.cap.geometry import circle, point, polygon
from exports.cap.model import (
    CONTENT_TYPE,
    NAMESPACE,
    Alert,
    Area,
    Category,
    Certainty,
    Circle,
    Info,
    MsgType,
    Named,
    Point,
    Polygon,
    Reference,
    Resource,
    ResponseType,
    Scope,
    Severity,
    Status,
    Urgency,
    moment,
)
from exports.cap.reading import read
from exports.cap.rules import check
from exports.cap.scenarios import Facts, Scenario
from exports.cap.signature import sign, verify
from exports.cap.writing import pretty, render

IPAWS = ipaws.CODE

__all__ = [
    "CONTENT_TYPE",
    "IPAWS",
    "NAMESPACE",
    "Alert",
    "Area",
    "Category",
    "Certainty",
    "Circle",
    "Facts",
    "Finding",
    "Info",
    "MsgType",
    "Named",
    "Point",
    "Polygon",
    "Reference",
    "Refused",
    "Resource",
    "ResponseType",
    "Scenario",
    "Scope",
    "Severity",
    "Status",
    "Unreadable",
    "Urgency",
    "check",
    "circle",
    "geometry",
    "history",
    "ipaws",
    "marks",
    "moment",
    "point",
    "polygon",
    "pretty",
    "privacy",
    "read",
    "refuse",
    "render",
    "scenarios",
    "sign",
    "signature",
    "verify",
    "wea",
]
