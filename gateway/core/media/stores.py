"""Stores: where sealed files lie. One setting, a URL, says which: a folder of this machine, or a bucket.

file:///srv/tipline/media
s3://bucket/prefix?endpoint=https://…&region=…      (keys from the machine's role or AWS's own variables,
s3://KEY:SECRET@bucket/prefix?endpoint=…             or in the URL)
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from gateway.core.media.folder import Folder
from gateway.core.media.storing import Store


def connect(url: str, keep_free_bytes: int) -> Store:
    """Make the store that a URL names; nothing is opened yet. `boto3` is loaded for a bucket alone."""
    if url.startswith("s3://"):
        from gateway.core.media.bucket import Bucket  # noqa: PLC0415 - it loads boto3, which is 30 MB of memory

        return Bucket(url)
    return Folder(Path(unquote(urlsplit(url).path)), keep_free_bytes)
