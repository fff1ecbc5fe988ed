"""Signatures as receivers verify them, and the secrets behind them."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from sqlalchemy import select, update
from standardwebhooks import Webhook, WebhookVerificationError

from gateway.core.errors import KeyRefused
from responders.subscriptions import service
from responders.subscriptions.records import BATCHED, BINARY, STRUCTURED
from responders.subscriptions.records import SubscriptionSecret as Secret
from tests.integration.subscriptions.conftest import STAFF, Rig
from tests.support.receivers import Got, receiving


@pytest.mark.parametrize("mode", [STRUCTURED, BINARY, BATCHED])
def test_signature_is_that_of_standard_webhooks(rig: Rig, mode: str) -> None:
    rig.world.clock.now = datetime.now(UTC)
    with receiving() as receiver:
        made = rig.subscribe(receiver, mode=mode, token="their-own-token")
        rig.happen(rig.case(), count=2)
        rig.run()
    for post in receiver.posts:
        assert Webhook(made.secret).verify(post.body, post.headers) == json.loads(post.body)
        assert post.headers["authorization"] == "Bearer their-own-token"
        with pytest.raises(WebhookVerificationError):
            Webhook(made.secret).verify(post.body + b" ", post.headers)
        with pytest.raises(WebhookVerificationError):
            Webhook(made.secret).verify(post.body, {**post.headers, "webhook-id": "another"})


def test_replayed_message_is_refused_by_its_age(rig: Rig) -> None:
    rig.world.clock.now = datetime.now(UTC)
    rig.world.clock.forward(minutes=-6)
    with receiving() as receiver:
        made = rig.subscribe(receiver)
        rig.happen(rig.case())
        rig.run()
    with pytest.raises(WebhookVerificationError, match="too old"):
        Webhook(made.secret).verify(receiver.posts[0].body, receiver.posts[0].headers)


def test_both_secrets_sign_while_one_takes_the_others_place(rig: Rig) -> None:
    def verifies(secret: str, got: Got) -> bool:
        try:
            Webhook(secret).verify(got.body, got.headers)
        except WebhookVerificationError:
            return False
        return True

    rig.world.clock.now = datetime.now(UTC)
    with receiving() as receiver:
        made, case = rig.subscribe(receiver), rig.case()
        with rig.world.of("console").write() as session:
            row = service.find(session, rig.world.district_id, made.row.id, lock=True)
            fresh = service.rotate_secret(session, rig.keys, row, STAFF, rig.world.clock())
        rig.happen(case)
        rig.run()
        assert [verifies(secret, receiver.posts[-1]) for secret in (made.secret, fresh)] == [True, True]
        # By the world's clock the old one's time is over; the judge's own clock is the machine's.
        with rig.world.database.write() as session:
            over = update(Secret).where(Secret.ends_at.is_not(None))
            session.execute(over.values(ends_at=rig.world.clock()))
        rig.happen(case)
        rig.run()
        assert [verifies(secret, receiver.posts[-1]) for secret in (made.secret, fresh)] == [False, True]


def test_secrets_are_sealed_to_the_worker_alone(rig: Rig) -> None:

    with receiving() as receiver:
        made = rig.subscribe(receiver, token="their-own-token")
    with rig.world.database.read() as session:
        sealed = session.execute(select(Secret.id, Secret.secret_sealed)).all()
    assert len(sealed) == 2
    for secret_id, envelope in sealed:
        assert made.secret.encode() not in envelope
        assert b"their-own-token" not in envelope
        bound = Secret.bound_by(secret_id, "secret")
        assert rig.world.keys["worker"].open(envelope, bound) in {made.secret, "their-own-token"}
        for process in ("intake", "courier", "console", "clock"):
            with pytest.raises(KeyRefused):
                rig.world.keys[process].open(envelope, bound)
