"""What goes wrong on request: settings, and the middleware that makes the API misbehave."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from channels.phone.errors import ApiError, render

API_FAULTS = ("429", "500", "silence")
CALLBACK_ORDERS = ("forward", "reversed")
# What a number can be besides reachable, and the code with which a message to it fails.
NUMBER_FAULTS = {"unreachable": 30003, "landline": 30006, "filtered": 30007, "not_mobile": 21614}
SILENCE_SECONDS = 120.0


@dataclass(frozen=True)
class Settings:
    """What `POST /control` may set; the defaults are a carrier in good health.

    `api_fault_count` None means all calls; `api_fault_account` None means every account (else its name or SID);
    `api_fault_after` True does the work first and only then loses the answer.
    """

    api_fault: str | None = None
    api_fault_count: int | None = None
    api_fault_account: str | None = None
    api_fault_after: bool = False
    retry_after_seconds: int = 1
    latency_ms: int = 0
    callback_times: int = 1
    callback_order: str = "forward"
    callback_delay_seconds: float = 0.0
    webhook_times: int = 1
    numbers: dict[str, str] = field(default_factory=dict)


class Faults:
    """The current settings, safe to change from any thread."""

    def __init__(self, account_names: dict[str, str]) -> None:
        self._lock = threading.Lock()
        self._names = account_names
        self.settings = Settings()

    def read(self) -> dict[str, Any]:
        """Give the settings as JSON data."""
        return asdict(self.settings)

    def reset(self) -> None:
        """Back to good health."""
        with self._lock:
            self.settings = Settings()

    def change(self, data: dict[str, Any]) -> None:
        """Change the settings that are named. A number set to null is reachable again.

        Raises: ValueError, with a sentence to show, for an unknown name or an impossible value.
        """
        with self._lock:
            changed = dict(data)
            if "numbers" in changed:
                merged = {**self.settings.numbers, **_check_numbers(changed["numbers"])}
                changed["numbers"] = {number: kind for number, kind in merged.items() if kind}
            _check(changed)
            self.settings = replace(self.settings, **changed)

    def take(self, account_sid: str) -> Settings | None:
        """Take one API call's share of the fault that is set, or None when this call is to go well."""
        with self._lock:
            now = self.settings
            if now.api_fault is None or now.api_fault_count == 0:
                return None
            if now.api_fault_account not in (None, account_sid, self._names.get(account_sid)):
                return None
            if now.api_fault_count is not None:
                left = now.api_fault_count - 1
                self.settings = replace(now, api_fault_count=left or None, api_fault=now.api_fault if left else None)
            return now

    def number_fault(self, number: str) -> int | None:
        """Say with which code messages to a number fail, or None when they arrive."""
        return NUMBER_FAULTS.get(self.settings.numbers.get(number, ""))


def _check_numbers(numbers: object) -> dict[str, str | None]:
    if not isinstance(numbers, dict) or not all(kind in (*NUMBER_FAULTS, None, "") for kind in numbers.values()):
        raise ValueError(f"numbers maps a number to one of {', '.join(NUMBER_FAULTS)}, or null")
    return numbers


def _check(changed: dict[str, Any]) -> None:
    known = {item.name for item in fields(Settings)}
    if unknown := set(changed) - known:
        raise ValueError(f"unknown setting: {', '.join(sorted(unknown))}")
    for name, allowed in (("api_fault", (*API_FAULTS, None)), ("callback_order", CALLBACK_ORDERS)):
        if changed.get(name, allowed[-1]) not in allowed:
            raise ValueError(f"{name} is one of {', '.join(str(value) for value in allowed)}")
    for name, least in (
        ("api_fault_count", 0), ("retry_after_seconds", 0), ("latency_ms", 0),
        ("callback_times", 0), ("callback_delay_seconds", 0), ("webhook_times", 1),
    ):  # fmt: skip
        value = changed.get(name, least)
        if value is None and name == "api_fault_count":
            continue
        if isinstance(value, bool) or not isinstance(value, int | float) or value < least:
            raise ValueError(f"{name} is a number of at least {least}")


class FaultyApi:
    """ASGI middleware: lets API calls wait, fail or go unanswered as the settings say."""

    def __init__(self, app: ASGIApp, faults: Faults) -> None:
        self.app = app
        self.faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a call on, or spoil it."""
        if scope["type"] != "http" or not scope["path"].startswith("/2010-04-01/"):
            await self.app(scope, receive, send)
            return
        if latency := self.faults.settings.latency_ms:
            await asyncio.sleep(latency / 1000)
        fault = self.faults.take(_account_in(scope["path"]))
        if fault is None:
            await self.app(scope, receive, send)
            return
        if fault.api_fault_after:
            await self.app(scope, receive, _swallow)
        await _misbehave(fault, scope, receive, send)


async def _swallow(_message: Message) -> None:
    """Lose an answer."""


async def _misbehave(fault: Settings, scope: Scope, receive: Receive, send: Send) -> None:
    if fault.api_fault == "silence":
        await _wait_for_hang_up(Request(scope, receive))
        return
    tired = fault.api_fault == "429"
    error = ApiError(20429, Retry_After=str(fault.retry_after_seconds)) if tired else ApiError(20500)
    await render(error)(scope, receive, send)


async def _wait_for_hang_up(request: Request) -> None:
    """Wait until the caller gives up, or long enough that no one still waits."""
    for _ in range(int(SILENCE_SECONDS * 20)):
        if await request.is_disconnected():
            return
        await asyncio.sleep(0.05)


def _account_in(path: str) -> str:
    parts = path.split("/")
    return parts[3].removesuffix(".json") if len(parts) > 3 else ""
