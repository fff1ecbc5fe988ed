"""A bucket keeps what a folder keeps, by the same contract: moto's server stands in for S3."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.core.errors import NotFound, Unavailable
from gateway.core.media import stores
from gateway.core.media.storing import Store
from gateway.core.records import new_id

LATER = datetime.now(UTC) + timedelta(days=1)
CONTENT = os.urandom(18 * 1024 * 1024)
"""Three pieces of a bucket."""


@pytest.fixture(params=["folder", "bucket"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    url = tmp_path.as_uri() if request.param == "folder" else request.getfixturevalue("s3")
    return stores.connect(url, keep_free_bytes=0)


def put(store: Store, content: bytes = CONTENT) -> str:
    name = new_id()
    writing = store.create(name)
    for start in range(0, len(content), 1 << 20):
        writing.put(content[start : start + (1 << 20)])
    writing.commit()
    return name


def read(store: Store, name: str) -> bytes:
    with store.open(name) as take:
        return b"".join(iter(lambda: take(1 << 20), b""))


@pytest.mark.parametrize("size", [0, 1, 1 << 20, len(CONTENT)], ids=str)
def test_a_store_gives_back_what_it_was_given(store: Store, size: int) -> None:
    store.check_room()
    name = put(store, CONTENT[:size])
    assert read(store, name) == CONTENT[:size]
    assert name in set(store.names(LATER))
    assert name not in set(store.names(LATER - timedelta(days=2)))
    store.delete(name)
    store.delete(name)
    assert name not in set(store.names(LATER))
    with pytest.raises(NotFound), store.open(name):
        pass


def test_what_is_not_committed_is_not_there(store: Store) -> None:
    begun, taken_back = new_id(), new_id()
    for name in (begun, taken_back):
        writing = store.create(name)
        writing.put(CONTENT)
        if name == taken_back:
            writing.abort()
        else:
            left = writing
        with pytest.raises(NotFound), store.open(name):
            pass
    assert begun in set(store.names(LATER)), "so that it is swept"
    assert taken_back not in set(store.names(LATER))
    store.delete(begun)
    assert begun not in set(store.names(LATER))
    left.abort()  # lets go of what it holds


def test_a_store_that_is_away_says_so() -> None:
    away = stores.connect("s3://key:secret@tips/x?endpoint=http://127.0.0.1:9&region=us-east-1", 0)
    with pytest.raises(Unavailable):
        put(away, b"x")


def test_boto3_is_loaded_for_a_bucket_alone(tmp_path: Path) -> None:
    code = (
        "import sys; from gateway.core.media import incoming, cleaning, showing, stores\n"
        f"stores.connect({tmp_path.as_uri()!r}, 0)\n"
        "print([name for name in ('boto3', 'PIL', 'av') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
