"""Twilio: its accounts, our numbers and their webhooks there, how it signs, and its clock against ours."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from channels.sms import INBOUND_PATH
from channels.twilio_client import AccountState, TwilioAccount
from gateway.core.messages import SendError
from gateway.core.settings import Settings
from gateway.core.times import Clock
from gateway.front.doctor import lines
from gateway.front.doctor.finding import Finding, Level

Look = Callable[[TwilioAccount], AccountState]
_CLOCK_WARNING_SECONDS, _CLOCK_FAULT_SECONDS = 2, 60


def signatures(settings: Mapping[str, Settings]) -> Iterator[Finding]:
    """Look whether intake was given more than it needs: an auth token opens the account, a webhook secret does not."""
    intake = settings.get("intake")
    if intake is None:
        return
    for name, token in (("", intake.twilio_auth_token), ("PAGING_", intake.twilio_paging_auth_token)):
        what = f"webhook signatures, {'paging' if name else 'reporters'}"
        if token is None:
            yield Finding(what, "ok", "Signed with a secret that can do nothing else.")
        else:
            yield Finding(
                what,
                "warning",
                f"Intake, which strangers can reach, holds TWILIO_{name}AUTH_TOKEN, and that lists every message of "
                f"the account with its number. Make a webhook signing key at Twilio (HMAC-SHA256), give intake "
                f"TWILIO_{name}WEBHOOK_SECRET, and take the token away.",
            )


@dataclass(frozen=True)
class Carrier:
    """The looks that ask Twilio; `look` asks it about an account."""

    look: Look
    clock: Clock

    def examine(self, settings: Mapping[str, Settings], numbers: Mapping[str, set[str]]) -> Iterator[Finding]:
        """Look at the account that texts reporters and at the one that pages."""
        accounts = {
            "reporters": ("courier", "reports", "twilio_account_sid", "twilio_api_key", "twilio_api_secret"),
            "paging": (
                "worker", "paging", "twilio_paging_account_sid", "twilio_paging_api_key", "twilio_paging_api_secret",
            ),
        }  # fmt: skip
        for name, (process, purpose, sid, key, secret) in accounts.items():
            told = settings.get(process)
            if told is None:
                continue
            password = getattr(told, secret).get_secret_value()
            account = TwilioAccount(getattr(told, sid), getattr(told, key), password, told.twilio_api_base_url)
            yield from self._account(f"twilio {name}", account, f"{told.public_url}{INBOUND_PATH}", numbers[purpose])

    def _account(self, what: str, account: TwilioAccount, webhook: str, wanted: set[str]) -> Iterator[Finding]:
        try:
            state = self.look(account)
        except SendError as error:
            yield Finding(
                what, "fault", f"It cannot be reached or refuses us (code {error.code}). {_advice(error.code)}"
            )
            return
        level: Level = "ok" if state.status == "active" else "fault"
        yield Finding(what, level, f"It answers; the account is {state.status}.")
        for number in sorted(wanted):
            yield lines.webhook(what, number, state, webhook)
        if state.provider_time is not None:
            yield self._time(what, state.provider_time)

    def _time(self, what: str, theirs: datetime) -> Finding:
        apart = abs((self.clock() - theirs).total_seconds())
        if apart <= _CLOCK_WARNING_SECONDS:
            return Finding(f"clock against {what}", "ok", "They agree.")
        level: Level = "warning" if apart <= _CLOCK_FAULT_SECONDS else "fault"
        words = f"They are {apart:.0f} seconds apart. Is time synchronisation (NTP) on?"
        return Finding(f"clock against {what}", level, words)


def _advice(code: str) -> str:
    if code in {"timeout", "unreachable"}:
        return "Is the network up, and TWILIO_API_BASE_URL right?"
    return "Are the account SID, the API key and its secret right?"
