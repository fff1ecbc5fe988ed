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
from sqlalchemy import select, update
from starlette.applications import Starlette

from exports.cap.signature import make_key
from gateway.core import cap_keys, conversation, systems
from gateway.core.http import Guarded
from gateway.core.rates import Rates
from gateway.core.records import Message
from gateway.core.times import utc_now
from gateway.front.wiring.intake import inbound_of
from responders.cases.records import Case
from responders.escalation.feed import Feeds
from responders.escalation.records import Alert
from tests.integration.graphql.rig import Rig
from tests.integration.subscriptions.conftest import Rig as Subscribing
from tests.support.programs import Program, free_port, running
from tests.support.receivers import Receiver
from tests.support.serving import served
from tests.support.warners import Warners
from tests.support.world import World

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
    (edge,) = json.loads(answer.stdout)["data"]["cases"]["edges"]
    assert edge["node"] == {
        "number": case.number, "state": "NEW", "severity": case.severity.upper(),
        "school": {"name": "Lincoln High School"},
    }  # fmt: skip


def test_curl_raises_a_concern(world: World) -> None:
    with world.database.write() as session:
        source, token = systems.add(session, world.district(session), None, "Front desk", None, world.clock())
    inbound = inbound_of(world.of("intake"), world.keys["intake"], world.clock, Rates(600), lambda: None)
    with served(Starlette(routes=inbound.routes())) as url:
        for _ in range(2):
            environ = {"TIPLINE_ADDRESS": f"{url}/inbound/{source.id}", "TIPLINE_TOKEN": token or ""}
            answer = done("concern.sh", "7", "A visitor showed a gun", **environ)
            assert answer.returncode == 0, answer.stderr
    assert json.loads(answer.stdout) == {"accepted": 1, "new": 0}
    with world.database.read() as session:
        (message,) = session.scalars(select(Message)).all()
        told = conversation.words(world.keys["worker"], message)
        assert told.splitlines() == ["A visitor showed a gun", "", "source: //desk.example", "subject: visit/7"]


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
    with world.database.write() as session:
        document = (warners.row(forged_id).document or b"").replace(b"Lockdown", b"All good")
        session.execute(update(Alert).where(Alert.id == forged_id).values(document=document))
    app = Starlette()
    with served(app) as url:
        app.router.routes.extend(Feeds(world.of("intake"), tmp_path, url, world.clock).routes())
        words = (f"{url}/alerts/demo/feed.atom", f"{url}/alerts/certificates.pem")
        answer = done("alerts.py", *words, program=sys.executable)
    assert answer.returncode == 0, answer.stderr
    assert sorted(answer.stdout.splitlines()) == [
        "Alert Lockdown at Lincoln High School", f"FORGED {url}/alerts/demo/TIPLINE-{forged_id}.xml",
    ]  # fmt: skip
