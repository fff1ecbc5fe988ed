"""`python -m channels.phone --port N --store PATH`: a stand-in by itself, a demo unless `--config` says otherwise."""

from __future__ import annotations

import argparse
import hashlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import FrameType

import uvicorn

from channels.phone import app
from channels.phone.config import Account, Contact, Line, PhoneConfig, load

# For calls that are being met with silence, and webhooks that hang.
SHUTDOWN_SECONDS = 1


class Server(uvicorn.Server):
    """A server that hangs up on open pages when told to stop, instead of waiting for them."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop at a signal."""
        self.config.app.state.close_streams()  # type: ignore[union-attr]
        super().handle_exit(sig, frame)


def _make_up(kind: str, name: str) -> str:
    """Give a demo account the same identifiers on every start; they open nothing but this stand-in."""
    return kind + hashlib.sha256(f"tipline demo {kind} {name}".encode()).hexdigest()[:32]


def demo_config(store: Path, public_url: str, console_url: str, env: Mapping[str, str]) -> PhoneConfig:
    """Make a demo: one account that texts reporters, one that pages, each with a line.

    `env` may replace the credentials, in Twilio's own names: TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN, TWILIO_API_KEY,
    TWILIO_API_SECRET, and the same after TWILIO_PAGING_ for the second account.
    """

    def account(name: str, prefix: str) -> Account:
        return Account(
            sid=env.get(f"{prefix}ACCOUNT_SID") or _make_up("AC", name),
            auth_token=env.get(f"{prefix}AUTH_TOKEN") or _make_up("", name),
            api_key_sid=env.get(f"{prefix}API_KEY") or _make_up("SK", name),
            api_key_secret=env.get(f"{prefix}API_SECRET") or _make_up("", f"{name} secret"),
            name=name,
            messaging_service_sid=_make_up("MG", name),
        )

    reporters, paging = account("reporters", "TWILIO_"), account("paging", "TWILIO_PAGING_")
    hook = f"{public_url.rstrip('/')}/sms/inbound"
    return PhoneConfig(
        store=store,
        accounts=(reporters, paging),
        lines=(
            Line("+17205550100", reporters.sid, "Lincoln High tip line", hook),
            Line("+17205550101", reporters.sid, "Roosevelt Middle tip line", hook),
            Line("+17205550199", paging.sid, "On-call pages", hook),
        ),
        contacts=(Contact("Dana Ortiz", "+13035550161"), Contact("Sam Whitehorse", "+13035550162")),
        console_url=console_url,
        public_url=public_url,
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until stopped. The access log is off: its URLs hold phone numbers."""
    parser = argparse.ArgumentParser(prog="python -m channels.phone", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=int(os.environ.get("TIPLINE_PHONES_PORT", "8002")))
    parser.add_argument("--store", type=Path, default=Path("var/phones.sqlite3"), help="SQLite file of the carrier")
    parser.add_argument("--config", type=Path, help="JSON file in the form of PhoneConfig, in place of the demo")
    parser.add_argument("--public-url", default="http://127.0.0.1:8000", help="where the demo lines' webhooks are")
    parser.add_argument("--console-url", default="http://127.0.0.1:8001", help="what the page links to")
    options = parser.parse_args(arguments)
    if options.config:
        config = load(options.config)
    else:
        config = demo_config(options.store, options.public_url, options.console_url, os.environ)
    settings = uvicorn.Config(
        app.create(config),
        host=options.host,
        port=options.port,
        access_log=False,
        log_level="warning",
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )
    Server(settings).run()


if __name__ == "__main__":
    main()
