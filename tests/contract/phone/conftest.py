"""Fixtures: a product that listens, and a carrier that knows it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.phone.rig import Carrier, Product, make_config, run_carrier, serve


@pytest.fixture(scope="session")
def listening() -> Iterator[Product]:
    product = Product()
    with serve(product.app()) as url:
        product.url = url
        yield product


@pytest.fixture
def product(listening: Product) -> Product:
    """One server hears for all tests; each starts with a clean sheet, after the carrier before it has closed."""
    listening.calls.clear()
    listening.answers.clear()
    return listening


@pytest.fixture
def carrier(product: Product, tmp_path: Path) -> Iterator[Carrier]:
    with run_carrier(make_config(tmp_path / "phones.sqlite3", product.url)) as running:
        yield running
