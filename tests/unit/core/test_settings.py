from __future__ import annotations

import pytest

from channels import cloud_events
from gateway.core.errors import SettingsRefused
from gateway.core.settings import load

BASE = {"DATABASE_URL": "sqlite:///x.db", "REDIS_URL": "redis://127.0.0.1", "TIPLINE_KEYS_DIR": "/keys"}
INTAKE = {
    **BASE,
    "TWILIO_ACCOUNT_SID": "AC1",
    "TWILIO_AUTH_TOKEN": "hush-hush",
    "TWILIO_PAGING_ACCOUNT_SID": "AC2",
    "TWILIO_PAGING_WEBHOOK_SECRET": "hush-too",
}
COURIER = {**BASE, "TWILIO_ACCOUNT_SID": "AC1", "TWILIO_API_KEY": "SK1", "TWILIO_API_SECRET": "hush-hush"}


def test_load_reads_the_environment() -> None:
    settings = load("intake", {**INTAKE, "TIPLINE_PUBLIC_URL": "https://tips.example.org/"})
    assert settings.public_url == "https://tips.example.org"
    assert str(settings.keys) == "/keys/intake"


def test_load_coarsens_reports_and_names_staff_unless_told_otherwise() -> None:
    plain, told = load("console", BASE), {"TIPLINE_EXPORT_REPORT_MINUTES": "60", "TIPLINE_EXPORT_STAFF_NAMES": "false"}
    assert (plain.report_minutes, plain.names_staff) == (15, True)
    other = load("console", {**BASE, **told})
    assert (other.report_minutes, other.names_staff) == (60, False)


def test_load_takes_a_whole_batch_of_a_system_in_a_minute_at_least() -> None:
    told = load("intake", {**INTAKE, "TIPLINE_INBOUND_PER_MINUTE": str(cloud_events.MOST_EVENTS)})
    assert (load("intake", INTAKE).inbound_per_minute, told.inbound_per_minute) == (600, 100)
    with pytest.raises(SettingsRefused, match="TIPLINE_INBOUND_PER_MINUTE"):
        load("intake", {**INTAKE, "TIPLINE_INBOUND_PER_MINUTE": "99"})


def test_load_lists_allowed_hosts() -> None:
    settings = load("clock", {**BASE, "TIPLINE_ALLOWED_HOSTS": "cad.example.org, 10.0.0.7:8443"})
    assert settings.allowed_hosts == ("cad.example.org", "10.0.0.7:8443")
    assert load("clock", BASE).allowed_hosts == ()


def test_load_masks_secrets() -> None:
    settings = load("intake", {**INTAKE, "DATABASE_URL": "postgresql://u:hush-db@h/d"})
    assert "hush" not in repr(settings)
    assert "hush" not in str(settings)


@pytest.mark.parametrize(
    ("process", "environ", "sentence"),
    [
        pytest.param("clock", {}, "DATABASE_URL: Field required", id="nothing at all"),
        pytest.param("intake", {**INTAKE, "TWILIO_AUTH_TOKEN": ""}, "intake needs TWILIO_AUTH_TOKEN", id="empty"),
        pytest.param("courier", BASE, "courier needs TWILIO_ACCOUNT_SID", id="courier without an account"),
        pytest.param(
            "console", {**BASE, "TIPLINE_EXPORT_REPORT_MINUTES": "0"}, "REPORT_MINUTES", id="to the second"
        ),
        pytest.param("clock", {**BASE, "TIPLINE_PUBLIK_URL": "x"}, "do not exist: TIPLINE_PUBLIK_URL", id="misspelt"),
        pytest.param("clock", {**BASE, "TIPLINE_PUBLIC_URL": "tips.org"}, "TIPLINE_PUBLIC_URL", id="not a URL"),
        pytest.param("clock", {**BASE, "TIPLINE_DEADMAN_URL": "hush"}, "TIPLINE_DEADMAN_URL", id="ping is no URL"),
        pytest.param("worker", {**BASE, "TIPLINE_DEADMAN_URL": "http://hush"}, "must not be given", id="clock's ping"),
        pytest.param("console", {**BASE, "TIPLINE_SMTP_URL": "smtps://u:hush@r"}, "must not be given", id="relay"),
        pytest.param("worker", {**BASE, "TIPLINE_SMTP_URL": "http://hush"}, "TIPLINE_SMTP_URL", id="relay is no relay"),
        pytest.param("clock", {**BASE, "TIPLINE_MAIL_FROM": "hush"}, "TIPLINE_MAIL_FROM", id="no address"),
        pytest.param("clock", {**BASE, "LOG_LEVEL": "LOUD"}, "LOG_LEVEL", id="unknown level"),
        pytest.param("clock", {**BASE, "TWILIO_API_SECRET": "hush"}, "must not be given TWILIO_API_SECRET", id="extra"),
        pytest.param("console", INTAKE, "console must not be given TWILIO_AUTH_TOKEN", id="surplus in console"),
        pytest.param("worker", COURIER, "worker must not be given TWILIO_API_SECRET", id="courier's secret in worker"),
        pytest.param("intake", {**INTAKE, "TWILIO_API_SECRET": "hush"}, "must not be given", id="listing from intake"),
    ],
)  # fmt: skip
def test_load_refuses_loudly(process: str, environ: dict[str, str], sentence: str) -> None:
    with pytest.raises(SettingsRefused, match=sentence) as refused:
        load(process, environ)
    assert "hush" not in str(refused.value)
