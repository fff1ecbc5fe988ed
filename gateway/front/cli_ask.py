"""Commands that ask or tell a running Tipline something: text, trace, doctor."""

from __future__ import annotations

import argparse
import json
import secrets
import sys

import httpx
from sqlalchemy import select

from channels import sms
from gateway.core import numbers
from gateway.core.database import Database
from gateway.core.errors import BadInput, NotFound, SettingsRefused, Unavailable
from gateway.core.records import Line, Message
from gateway.core.settings import Settings
from gateway.core.times import utc_now
from gateway.front import environment
from gateway.front.doctor.examination import Doctor
from gateway.front.places import Var
from gateway.front.tracing import Trace, follow

_MARKS = {"ok": "  ok     ", "warning": "  WARNING", "fault": "  FAULT  "}


def text(options: argparse.Namespace, var: Var, environ: dict[str, str]) -> int:
    """Post a text to the intake, signed as Twilio would sign it, and print its reference (the MessageSid)."""
    settings = environment.load("operator", var, environ)
    if numbers.normalize(options.sender).kind == "other":
        raise BadInput("--from must be a phone number such as +13035550123, or a short code.")
    database = Database(settings.database_url)
    try:
        line = _line(database, options.to)
        if line is None:
            print(
                "tipline: none of our lines has that number; the text will be kept apart for a person.", file=sys.stderr
            )
        sid = options.sid or f"SM{secrets.token_hex(16)}"
        _post(settings, line, options.to or line.number if line else options.to, sid, options)
        with database.read() as session:
            message_id = session.scalar(select(Message.id).where(Message.provider_sid == sid))
    finally:
        database.close()
    print(json.dumps({"reference": sid, "message_id": message_id}) if options.json else f"{sid}  message {message_id}")
    return 0


def _line(database: Database, to: str | None) -> Line | None:
    """Find the line that is texted; nothing for a number that nobody owns."""
    with database.read() as session:
        if to:
            return session.scalar(select(Line).where(Line.number == numbers.normalize(to).value))
        line = session.scalar(select(Line).where(Line.purpose == "reports").order_by(Line.number))
    if line is None:
        raise NotFound("No line for reports is set up. Name a number with --to.")
    return line


def _post(settings: Settings, line: Line | None, to: str, sid: str, options: argparse.Namespace) -> None:
    paging = line is not None and line.purpose == "paging"
    account = settings.twilio_paging_account_sid if paging else settings.twilio_account_sid
    secret = settings.twilio_paging_webhook_secret if paging else settings.twilio_webhook_secret
    token = settings.twilio_paging_auth_token if paging else settings.twilio_auth_token
    signer = secret or token
    if account is None or signer is None:
        names = f"TWILIO_{'PAGING_' if paging else ''}"
        raise SettingsRefused(f"To sign a text one needs {names}ACCOUNT_SID and {names}WEBHOOK_SECRET or _AUTH_TOKEN.")
    params = {
        "MessageSid": sid, "AccountSid": account, "From": options.sender, "To": to, "Body": options.words,
        "NumMedia": "0", "NumSegments": "1", "ApiVersion": "2010-04-01",
    }  # fmt: skip
    url = f"{settings.public_url}{sms.INBOUND_PATH}"
    headers = sms.sign(url, params, signer.get_secret_value(), "HMAC_SHA256" if secret else "HMAC_SHA1")
    try:
        with httpx.Client(trust_env=False, timeout=15) as client:
            answer = client.post(url, data=params, headers=headers)
    except httpx.HTTPError:
        raise Unavailable(
            f"Nothing answers at {settings.public_url}. Is `tipline up` or `tipline demo` running?"
        ) from None
    if answer.status_code != httpx.codes.OK:
        raise BadInput(f"The intake answered {answer.status_code}.")


def trace(options: argparse.Namespace, var: Var, environ: dict[str, str]) -> int:
    """Show every hop of one tip and the time each took: ids and codes, never words or numbers."""
    database = Database(environment.load("operator", var, environ).database_url)
    try:
        with database.read() as session:
            found = follow(session, options.reference)
    finally:
        database.close()
    if options.json:
        print(json.dumps(found.to_json(), indent=1))
    else:
        _print_hops(found)
    return 0


def _print_hops(found: Trace) -> None:
    print(f"message {found.message_id}   case {found.case_number or '(none yet)'}")
    for hop in found.hops:
        codes = " ".join(f"{name}={_short(value)}" for name, value in hop.data.items() if value is not None)
        print(f"{hop.since_start_ms:>9} ms  +{hop.since_last_ms:<8} {hop.event:<26} {hop.actor:<18} {codes}")


def _short(value: object) -> str:
    """Shorten an id to what the eye can follow; --json has it whole."""
    text = ",".join(map(str, value)) if isinstance(value, list) else str(value)
    return text[:8] + "…" if len(text) == 32 and text.isalnum() else text


def doctor(options: argparse.Namespace, var: Var, environ: dict[str, str]) -> int:
    """Check keys, database, Valkey, Twilio and clock, and say in plain words what to do. Exit code 1 on a fault."""
    findings = []
    for finding in Doctor(var, environ, utc_now).examine():
        findings.append(finding)
        if not options.json:
            print(f"{_MARKS[finding.level]}  {finding.what}: {finding.words}", flush=True)
    if options.json:
        print(json.dumps([finding.to_json() for finding in findings], indent=1))
    return 1 if any(finding.level == "fault" for finding in findings) else 0
