"""A carrier that behaves as it is told, and a product that hears its webhooks: for what talks to Twilio."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.phone.rig import Carrier, Product, make_config, run_carrier, serve


@pytest.fixture
def product() -> Iterator[Product]:
    heard = Product()
    with serve(heard.app()) as heard.url:
        yield heard


@pytest.fixture
def carrier(product: Product, tmp_path: Path) -> Iterator[Carrier]:
    with run_carrier(make_config(tmp_path / "phones.sqlite3", product.url)) as running:
        yield running
