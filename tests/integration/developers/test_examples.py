"""The examples that the page shows do what it says of them, against the real thing on a real port."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from importlib.resources import files
from pathlib import Path

import httpx
import pytest
from lxml import etree
from signxml.algorithms import SignatureConstructionMethod
from signxml.signer import XMLSigner
from sqlalchemy import select, update
from starlette.applications import Starlette

from exports import cloud_events
from exports.cap.signature import make_key
from gateway.core import cap_keys, conversation, systems
from gateway.core.http import Guarded
from gateway.core.rates import Rates
from gateway.core.records import Event, Message
from gateway.core.times import utc_now
from gateway.front.wiring.intake import inbound_of
from responders.cases.records import Case
from responders.developers.views import example
from responders.escalation.feed import Feeds
from responders.escalation.records import Alert
from responders.subscriptions import places
from tests.integration.graphql.rig import URL, Rig
from tests.integration.subscriptions.conftest import Rig as Subscribing
from tests.support.programs import Program, free_port, running
from tests.support.receivers import Receiver
from tests.support.serving import served
from tests.support.warners import Warners
from tests.support.world import World

SAID = 'A visitor said "I have a gun", "school": "cedar"}}, $(id) `id` \\ @x é'
EXAMPLES = Path(str(files("responders.developers") / "examples"))


@pytest.fixture
def subscribing(world: World) -> Iterator[Subscribing]:
    world.clock.now = utc_now()  # The receiver has the machine's clock.
    client = Guarded(["127.0.0.1"], seconds=20.0, body_bytes=4096)
    yield Subscribing(world, client)
    client.close()


def done(name: str, *words: str, program: str = "sh", **environ: str) -> subprocess.CompletedProcess[str]:
    """Run an example to its end."""
    command = [program, str(EXAMPLES / name), *words]
    return subprocess.run(
        command, env={**os.environ, **environ}, capture_output=True, text=True, check=False, timeout=120
    )


def forged(program: Program) -> int:
    headers = {"webhook-id": "1", "webhook-timestamp": str(int(utc_now().timestamp())), "webhook-signature": "v1,AAAA"}
    return httpx.post(program.url, content=b'{"id": "x"}', headers=headers).status_code


def test_the_receiver_in_python_takes_signed_events_once(subscribing: Subscribing, tmp_path: Path) -> None:
    port = free_port()
    made = subscribing.subscribe(Receiver(url=f"http://127.0.0.1:{port}/hook"), agree=False)
    command = [sys.executable, str(EXAMPLES / "receiver.py")]
    with running(command, port, tmp_path / "log", TIPLINE_SECRET=made.secret) as program:
        assert subscribing.asker.ask_all() == 1
        case = subscribing.case()
        subscribing.happen(case, count=2)
        assert subscribing.run() >= 2
        assert set(subscribing.states(made)) == {"delivered"}
        assert httpx.post(program.url, content=b"{}").status_code == 401
        assert forged(program) == 401
        told = program.lines(2)
    assert [line.split(" ")[:2] for line in told] == [["org.tipline.case.noted.v1", case]] * 2


def test_curl_asks_for_cases(rig: Rig) -> None:
    case = rig.tip("Tyler has a gun")
    done_with = rig.tip("Somebody broke a window", sender="+13035550188")
    with rig.world.database.write() as session:
        session.execute(update(Case).where(Case.id == done_with.id).values(state="closed"))
    with served(rig.client.app) as url:
        answer = done("cases.sh", TIPLINE_URL=url, TIPLINE_TOKEN=rig.issue("cases:read"))
        refused = done("cases.sh", TIPLINE_URL=url, TIPLINE_TOKEN="nobody")
    assert (answer.returncode, refused.returncode) == (0, 22), answer.stderr
    assert "token" in refused.stdout, "it says why"
    (edge,) = json.loads(answer.stdout)["data"]["cases"]["edges"]
    assert edge["node"] == {
        "number": case.number, "state": "NEW", "severity": case.severity.upper(),
        "school": {"name": "Lincoln High School"},
    }  # fmt: skip


def test_curl_asks_for_the_case_of_an_event_as_a_receiver_gets_it(rig: Rig) -> None:
    case = rig.tip("Tyler has a gun")
    with rig.world.database.read() as session:
        events = list(session.scalars(select(Event).where(Event.subject == f"case/{case.id}")))
        sent = cloud_events.structured(places.snapshots(session, events, 15)[0], URL)
    event, token = json.loads(sent.body), rig.issue("cases:read")
    with served(rig.client.app) as url:
        environ = {"TIPLINE_URL": url, "TIPLINE_TOKEN": token}
        answer, none = done("case.sh", event["caseid"], **environ), done("case.sh", "0" * 32, **environ)
        wrong = done("case.sh", '"}', **environ)
    assert answer.returncode == 0, answer.stderr
    found = json.loads(answer.stdout)["data"]["case"]
    assert (found["number"], found["severity"]) == (case.number, case.severity.upper())
    assert json.loads(none.stdout) == {"data": {"case": None}}
    assert (wrong.returncode, wrong.stderr) == (2, "usage: sh case.sh CASEID\n")
    query = example("case.sh").partition("query is: ")[2].partition("\nset")[0].replace("\n#", "\n")
    exported = rig.post(query, token=token, id=event["caseid"])["data"]["exportCase"]
    assert exported["userErrors"] == []
    assert case.number in exported["document"]["content"]


def test_curl_raises_a_concern(world: World) -> None:
    with world.database.write() as session:
        source, token = systems.add(session, world.district(session), None, "Front desk", None, world.clock())
    inbound = inbound_of(world.of("intake"), world.keys["intake"], world.clock, Rates(600), lambda: None)
    with served(Starlette(routes=inbound.routes())) as url:
        environ = {"TIPLINE_SOURCE_ADDRESS": f"{url}/inbound/{source.id}", "TIPLINE_SOURCE_TOKEN": token or ""}
        for _ in range(2):
            answer = done("concern.sh", "7", "visit/3", SAID, **environ)
            assert answer.returncode == 0, answer.stderr
        assert json.loads(answer.stdout) == {"accepted": 1, "new": 0}
        few = done("concern.sh", "7", SAID, **environ)
        refused = done("concern.sh", "8", "visit/3", SAID, **{**environ, "TIPLINE_SOURCE_TOKEN": "nobody"})
    assert (few.returncode, few.stderr) == (2, "usage: sh concern.sh ID SUBJECT SUMMARY\n")
    assert (refused.returncode, "The bearer token of this address" in refused.stdout) == (22, True)
    with world.database.read() as session:
        (message,) = session.scalars(select(Message)).all()
        told = conversation.words(world.keys["worker"], message)
        assert told.splitlines() == [SAID, "", "source: //desk.example", "subject: visit/3"]


def test_alerts_are_read_and_forged_ones_named(world: World, tmp_path: Path) -> None:
    world.clock.now = utc_now()
    pair = cap_keys.bring(*make_key("Cedar Valley School District", utc_now() - timedelta(days=1), 825))
    (tmp_path / "cap.key").write_bytes(pair.together)
    (tmp_path / "cap.pub").write_bytes(pair.certificate)
    warners = Warners(world, tmp_path)
    warners.rules(feed="public")
    warners.area()
    case = warners.case()
    warners.send(warners.draft(case))
    warners.send(warners.draft(case, status="Exercise"))
    forged_id = warners.draft(case)
    warners.send(forged_id)
    broken_id = warners.draft(case)
    warners.send(broken_id)
    with world.database.write() as session:
        document = (warners.row(forged_id).document or b"").replace(b"Lockdown", b"All good")
        session.execute(update(Alert).where(Alert.id == forged_id).values(document=document))
        session.execute(update(Alert).where(Alert.id == broken_id).values(document=b"<alert"))
    app = Starlette()
    with served(app) as url:
        app.router.routes.extend(Feeds(world.of("intake"), tmp_path, url, world.clock).routes())
        words = (f"{url}/alerts/demo/feed.atom", f"{url}/alerts/certificates.pem")
        answer = done("alerts.py", *words, program=sys.executable)
    assert answer.returncode == 0, answer.stderr
    heard, forgery, broken = sorted(answer.stdout.splitlines())
    assert heard == "Alert Lockdown at Lincoln High School"
    assert forgery == f"FORGED {url}/alerts/demo/TIPLINE-{forged_id}.xml"
    assert broken.startswith(f"UNREADABLE {url}/alerts/demo/TIPLINE-{broken_id}.xml ")


def test_an_alert_that_is_not_there_or_never_ends_does_not_hide_the_next(tmp_path: Path) -> None:
    words = standing_in(tmp_path, gone=None, endless="<info/>", whole=info("Hold"))
    answer, unasked = (done("alerts.py", *given, program=sys.executable) for given in (words, ()))
    gone, endless, heard = answer.stdout.splitlines()
    assert gone.startswith(f"UNREADABLE {(tmp_path / 'gone.xml').as_uri()} "), answer.stderr
    assert endless.startswith(f"UNREADABLE {(tmp_path / 'endless.xml').as_uri()} ")
    assert (heard, answer.returncode) == ("Alert Hold", 0)
    assert (unasked.returncode, unasked.stderr) == (1, "usage: python alerts.py FEED CERTIFICATES\n")


def test_an_alert_that_was_followed_or_cancelled_rings_no_more(tmp_path: Path) -> None:
    def following(kind: str, *names: str, status: str = "Actual") -> str:
        told = " ".join(f"d7,{name},2026-11-30T08:00:00-07:00" for name in names)
        return f"<references>{told}</references>{info(f'Later {kind}')}|{kind}|{status}"

    words = standing_in(
        tmp_path, cleared=info("Lockdown"), mistaken=info("Evacuate"), real=info("Hold"), other=info("Shelter"),
        clear=following("Update", "cleared"), cancel=following("Cancel", "mistaken"),
        drill=following("Cancel", "real", status="Exercise"), forged=following("Cancel", "other"),
    )  # fmt: skip
    path = tmp_path / "forged.xml"
    path.write_bytes(path.read_bytes().replace(b"Later", b"Latest"))
    answer = done("alerts.py", *words, program=sys.executable)
    assert answer.stdout.splitlines() == [
        f"FORGED {path.as_uri()}", "Alert Hold", "Alert Shelter", "Update Later Update", "Cancel Later Cancel",
    ], answer.stderr  # fmt: skip


def info(headline: str) -> str:
    return f"<info><headline>{headline}</headline><expires>2999-01-01T00:00:00+00:00</expires></info>"


def standing_in(folder: Path, **alerts: str | None) -> tuple[str, str]:
    """Put signed alerts into a feed by what stands in each, `inner|msgType|status`; give its address and the PEM's."""
    pair = cap_keys.bring(*make_key("Cedar Valley School District", utc_now() - timedelta(days=1), 825))
    for name, said in alerts.items():
        inner, kind, status = (*str(said).split("|"), "Alert", "Actual")[:3] if said else ("", "", "")
        alert = etree.fromstring(
            f'<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>{name}</identifier><sender>d7</sender>'
            f"<sent>2026-11-30T08:00:00-07:00</sent><status>{status}</status><msgType>{kind}</msgType>{inner}</alert>"
        )
        sealed = XMLSigner(SignatureConstructionMethod.enveloped).sign(alert, key=pair.key, cert=[pair.parsed])
        if said:
            (folder / f"{name}.xml").write_bytes(etree.tostring(sealed))
    links = [(folder / f"{name}.xml").as_uri() for name in alerts]
    entries = "".join(f'<entry><link type="application/cap+xml" href="{link}"/></entry>' for link in links)
    (folder / "feed").write_text(f'<feed xmlns="http://www.w3.org/2005/Atom">{entries}</feed>')
    (folder / "pem").write_bytes(pair.certificate)
    return (folder / "feed").as_uri(), (folder / "pem").as_uri()
