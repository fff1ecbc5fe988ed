"""What tests of attachments share: a folder to keep them in, and texts that brought them."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.core.media.folder import Folder


@pytest.fixture
def store(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "media", keep_free_bytes=0)
