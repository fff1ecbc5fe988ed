"""A Twilio account from settings."""

from __future__ import annotations

from pydantic import SecretStr

from channels.twilio_client import TwilioAccount
from gateway.core.errors import SettingsRefused
from gateway.core.settings import Settings


def account_of(sid: str | None, api_key: str | None, secret: SecretStr | None, settings: Settings) -> TwilioAccount:
    """Put together an account and the API key it is reached with. Raises: SettingsRefused when a part is missing."""
    if not (sid and api_key and secret):
        raise SettingsRefused(f"{settings.process} lacks its Twilio account, API key or secret.")
    return TwilioAccount(sid, api_key, secret.get_secret_value(), settings.twilio_api_base_url)
