"""A bucket of any S3-compatible store. What is put there is sealed already; the bucket's own encryption is not needed.

A file goes up in pieces as it comes in, so that no process ever holds a whole film.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from gateway.core.errors import NotFound, Unavailable
from gateway.core.media.storing import Read, Writing

_PIECE = 8 * 1024 * 1024
"""What goes up at once; the least that S3 takes of any but the last is 5 MiB."""
_GONE = {"NoSuchKey", "NoSuchUpload", "404"}


class Bucket:
    """Files under a prefix of one bucket; room is the provider's to look after."""

    def __init__(self, url: str) -> None:
        parsed = urlsplit(url)
        asked = {name: values[0] for name, values in parse_qs(parsed.query).items()}
        user, secret = parsed.username, parsed.password
        config = Config(
            connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 2}, s3={"addressing_style": "path"},
            # Other stores than Amazon's do not all know the newer checksums; ours are in the chunks.
            request_checksum_calculation="when_required", response_checksum_validation="when_required",
        )  # fmt: skip
        self._client = boto3.session.Session().client(
            "s3",
            endpoint_url=asked.get("endpoint"),
            region_name=asked.get("region"),
            aws_access_key_id=unquote(user) if user else None,
            aws_secret_access_key=unquote(secret) if secret else None,
            config=config,
        )
        self._bucket, self._prefix = parsed.hostname or "", parsed.path.strip("/")

    def check_room(self) -> None:
        """Never refuse."""

    def free_bytes(self) -> int | None:
        """Tell nothing."""
        return None

    def create(self, name: str) -> Writing:
        """Begin a file; nothing goes up before it has a piece, or its end."""
        return _Writing(self._client, self._bucket, self._key(name))

    @contextmanager
    def open(self, name: str) -> Iterator[Read]:
        """Open a file; it is read as it is asked for."""
        with _translated():
            body = self._client.get_object(Bucket=self._bucket, Key=self._key(name))["Body"]

        def read(size: int) -> bytes:
            with _translated():
                return bytes(body.read(size))

        try:
            yield read
        finally:
            body.close()

    def delete(self, name: str) -> None:
        """Delete a file, and what was begun of it."""
        key = self._key(name)
        with _translated():
            self._client.delete_object(Bucket=self._bucket, Key=key)
            for upload in self._uploads(key):
                self._client.abort_multipart_upload(Bucket=self._bucket, Key=key, UploadId=upload["UploadId"])

    def names(self, before: datetime) -> Iterator[str]:
        """List by the time that the store notes."""
        with _translated():
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=self._key(""))
            for page in pages:
                old = [one["Key"] for one in page.get("Contents", []) if one["LastModified"] < before]
                yield from (key.rpartition("/")[2] for key in old)
            begun = [one["Key"] for one in self._uploads(self._key("")) if one["Initiated"] < before]
            yield from (key.rpartition("/")[2] for key in begun)

    def _uploads(self, prefix: str) -> list[Any]:
        found = self._client.list_multipart_uploads(Bucket=self._bucket, Prefix=prefix)
        return list(found.get("Uploads", []))

    def _key(self, name: str) -> str:
        return f"{self._prefix}/{name}" if self._prefix else name


class _Writing:
    """A file on its way up, a piece at a time."""

    def __init__(self, client: Any, bucket: str, key: str) -> None:
        self._client, self._at = client, {"Bucket": bucket, "Key": key}
        self._waiting = bytearray()
        self._upload: str | None = None
        self._done: list[dict[str, Any]] = []

    def put(self, content: bytes) -> None:
        """Append; what makes a piece goes up."""
        self._waiting += content
        while len(self._waiting) >= _PIECE:
            with _translated():
                self._send(bytes(self._waiting[:_PIECE]))
            del self._waiting[:_PIECE]

    def commit(self) -> None:
        """Send the rest, and have the store put the pieces together."""
        with _translated():
            if self._upload is None:
                self._client.put_object(**self._at, Body=bytes(self._waiting))
                return
            if self._waiting:
                self._send(bytes(self._waiting))
            self._client.complete_multipart_upload(
                **self._at, UploadId=self._upload, MultipartUpload={"Parts": self._done}
            )
            self._upload = None

    def abort(self) -> None:
        """Take it back; what cannot be taken back now is swept later."""
        if self._upload is not None:
            with suppress(ClientError, BotoCoreError):
                self._client.abort_multipart_upload(**self._at, UploadId=self._upload)
            self._upload = None

    def _send(self, piece: bytes) -> None:
        if self._upload is None:
            self._upload = self._client.create_multipart_upload(**self._at)["UploadId"]
        number = len(self._done) + 1
        sent = self._client.upload_part(**self._at, UploadId=self._upload, PartNumber=number, Body=piece)
        self._done.append({"PartNumber": number, "ETag": sent["ETag"]})


@contextmanager
def _translated() -> Iterator[None]:
    """Turn what S3 says into our own errors."""
    try:
        yield
    except ClientError as error:
        if str(error.response.get("Error", {}).get("Code")) in _GONE:
            raise NotFound from None
        raise Unavailable("The store of attachments does not answer.") from error
    except BotoCoreError as error:
        raise Unavailable("The store of attachments does not answer.") from error
