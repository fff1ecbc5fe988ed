"""Settings: read from the environment once, refused loudly, secrets shown as `***`.

Each process gets a `Settings` of its own, and refuses an environment that holds a secret which is not its to have.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)

from gateway.core.errors import SettingsRefused

_SECRETS: Mapping[str, frozenset[str]] = {
    "TWILIO_AUTH_TOKEN": frozenset({"intake", "operator"}),
    "TWILIO_PAGING_AUTH_TOKEN": frozenset({"intake", "operator"}),
    "TWILIO_WEBHOOK_SECRET": frozenset({"intake", "operator"}),
    "TWILIO_PAGING_WEBHOOK_SECRET": frozenset({"intake", "operator"}),
    "TWILIO_API_SECRET": frozenset({"courier", "operator"}),
    "TWILIO_PAGING_API_SECRET": frozenset({"worker", "operator"}),
    "TIPLINE_DEADMAN_URL": frozenset({"clock"}),
    "TIPLINE_SMTP_URL": frozenset({"worker"}),
}
"""Which process may be given which secret. Intake verifies, the courier texts reporters, the worker
pages staff and mails alerts, the clock pings somebody outside."""


def _http_url(value: str) -> str:
    if not value.startswith(("http://", "https://")):
        raise ValueError("must start with http:// or https://")
    return value.rstrip("/")


def _media_url(value: str) -> str:
    if not value.startswith(("file:///", "s3://")):
        raise ValueError("must be file:///folder or s3://bucket/prefix")
    return value


def _clamd_url(value: str) -> str:
    """It is given strangers' files in the clear: they must not cross a network."""
    parsed = urlsplit(value)
    here = parsed.hostname in {"127.0.0.1", "::1", "localhost"}
    if not (parsed.scheme == "unix" and parsed.path.startswith("/")) and not (parsed.scheme == "tcp" and here):
        raise ValueError("must be unix:///path of a socket, or tcp://127.0.0.1:3310 on this machine")
    return value


def _hosts(value: object) -> object:
    """Read a list: `host` or `host:port`, apart by commas or blanks."""
    return tuple(value.replace(",", " ").split()) if isinstance(value, str) else value


def _smtp_url(value: str) -> str:
    parsed = urlsplit(value)
    if parsed.scheme not in {"smtp", "smtps"} or not parsed.hostname:
        raise ValueError("must be smtps://user:password@host, or smtp://… with STARTTLS")
    return value


def _mail_address(value: str) -> str:
    if not re.fullmatch(r"[^@\s<>,;]+@[^@\s<>,;]+", value):
        raise ValueError("must be one e-mail address")
    return value


Url = Annotated[str, AfterValidator(_http_url)]


class Settings(BaseModel):
    """What one process was told by its environment. Field aliases are the variables' names."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    process: str
    database_url: str = Field(alias="DATABASE_URL", repr=False)
    redis_url: str = Field(alias="REDIS_URL", repr=False)
    keys_dir: Path = Field(alias="TIPLINE_KEYS_DIR")
    public_url: Url = Field(alias="TIPLINE_PUBLIC_URL", default="http://127.0.0.1:8000")
    console_url: Url = Field(alias="TIPLINE_CONSOLE_URL", default="http://127.0.0.1:8001")
    host: str = Field(alias="TIPLINE_HOST", default="127.0.0.1")
    anchor_file: Path | None = Field(alias="TIPLINE_ANCHOR_FILE", default=None)
    anchor_url: Url | None = Field(alias="TIPLINE_ANCHOR_URL", default=None, repr=False)
    deadman_url: Url | None = Field(alias="TIPLINE_DEADMAN_URL", default=None, repr=False)
    media_url: Annotated[str, AfterValidator(_media_url)] | None = Field(
        alias="TIPLINE_MEDIA_URL", default=None, repr=False
    )
    """Where attachments lie: see `gateway.core.media.stores`."""
    media_keep_free_bytes: int = Field(alias="TIPLINE_MEDIA_KEEP_FREE_BYTES", default=1024**3, ge=0)
    """With less than that free on the disk, files are refused, so that words still find room."""
    clamd_url: Annotated[str, AfterValidator(_clamd_url)] | None = Field(alias="TIPLINE_CLAMD_URL", default=None)
    """Where a ClamAV daemon listens that the worker has look at attachments."""
    allowed_hosts: Annotated[tuple[str, ...], BeforeValidator(_hosts)] = Field(
        alias="TIPLINE_ALLOWED_HOSTS", default=()
    )
    """Hosts of the district's own network that events may be delivered to; all others must be public."""
    inbound_per_minute: int = Field(alias="TIPLINE_INBOUND_PER_MINUTE", default=600, ge=100)
    """So many events of each system that tells us things are taken in a minute; never less than one whole batch."""
    alerts_dir: Path | None = Field(alias="TIPLINE_ALERTS_DIR", default=None)
    """Where alerts are put as files, for districts that want that."""
    smtp_url: Annotated[str, AfterValidator(_smtp_url)] | None = Field(
        alias="TIPLINE_SMTP_URL", default=None, repr=False
    )
    """The relay that mails alerts."""
    mail_from: Annotated[str, AfterValidator(_mail_address)] | None = Field(alias="TIPLINE_MAIL_FROM", default=None)
    report_minutes: int = Field(alias="TIPLINE_EXPORT_REPORT_MINUTES", default=15, ge=1, le=24 * 60)
    """In spans of so many minutes what leaves the house tells when reports came in."""
    names_staff: bool = Field(alias="TIPLINE_EXPORT_STAFF_NAMES", default=True)
    """Whether what leaves names people on staff, or says their role alone."""
    log_level: str = Field(alias="LOG_LEVEL", default="INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$")

    twilio_api_base_url: Url | None = Field(alias="TWILIO_API_BASE_URL", default=None)
    twilio_account_sid: str | None = Field(alias="TWILIO_ACCOUNT_SID", default=None)
    twilio_auth_token: SecretStr | None = Field(alias="TWILIO_AUTH_TOKEN", default=None)
    twilio_webhook_secret: SecretStr | None = Field(alias="TWILIO_WEBHOOK_SECRET", default=None)
    twilio_api_key: str | None = Field(alias="TWILIO_API_KEY", default=None)
    twilio_api_secret: SecretStr | None = Field(alias="TWILIO_API_SECRET", default=None)
    twilio_paging_account_sid: str | None = Field(alias="TWILIO_PAGING_ACCOUNT_SID", default=None)
    twilio_paging_auth_token: SecretStr | None = Field(alias="TWILIO_PAGING_AUTH_TOKEN", default=None)
    twilio_paging_webhook_secret: SecretStr | None = Field(alias="TWILIO_PAGING_WEBHOOK_SECRET", default=None)
    twilio_paging_api_key: str | None = Field(alias="TWILIO_PAGING_API_KEY", default=None)
    twilio_paging_api_secret: SecretStr | None = Field(alias="TWILIO_PAGING_API_SECRET", default=None)

    @model_validator(mode="after")
    def _complete(self) -> Self:
        for needed in _NEEDED.get(self.process, ()):
            if all(getattr(self, name) is None for name in needed):
                raise ValueError(f"{self.process} needs {' or '.join(_variable(name) for name in needed)}")
        return self

    @property
    def keys(self) -> Path:
        """The folder of this process's own keys."""
        return self.keys_dir / self.process


_NEEDED: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "intake": (
        ("twilio_account_sid",),
        ("twilio_auth_token", "twilio_webhook_secret"),
        ("twilio_paging_account_sid",),
        ("twilio_paging_auth_token", "twilio_paging_webhook_secret"),
    ),
    "courier": (("twilio_account_sid",), ("twilio_api_key",), ("twilio_api_secret",)),
    "worker": (("twilio_paging_account_sid",), ("twilio_paging_api_key",), ("twilio_paging_api_secret",)),
}


def _variable(name: str) -> str:
    return str(Settings.model_fields[name].alias)


def load(process: str, environ: Mapping[str, str]) -> Settings:
    """Parse the environment for one process; an empty variable counts as not set.

    Raises: SettingsRefused with one sentence for each fault, naming variables and never their values.
    """
    given = {name: value for name, value in environ.items() if value}
    surplus = sorted(name for name, holders in _SECRETS.items() if name in given and process not in holders)
    if surplus:
        raise SettingsRefused(f"{process} must not be given {', '.join(surplus)}, so it does not start.")
    known = {str(field.alias) for field in Settings.model_fields.values() if field.alias}
    unknown = sorted(name for name in given if name.startswith("TIPLINE_") and name not in known | _ELSEWHERE)
    if unknown:
        raise SettingsRefused(f"These settings do not exist: {', '.join(unknown)}. Is one misspelt?")
    try:
        return Settings.model_validate({"process": process, **{n: v for n, v in given.items() if n in known}})
    except ValidationError as error:
        faults = [
            f"{'.'.join(map(str, e['loc'])) or 'settings'}: {e['msg']}" for e in error.errors(include_input=False)
        ]
        raise SettingsRefused(f"{process} cannot start. " + "; ".join(faults)) from None


_ELSEWHERE = frozenset({"TIPLINE_VAR", "TIPLINE_INTAKE_PORT", "TIPLINE_CONSOLE_PORT", "TIPLINE_PHONES_PORT"})
"""Variables that only the command line reads."""
