"""What CAP 1.2 asks of a `<resource>`: an address that leads somewhere, a content that is what its digest says."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from exports.cap.findings import Finding, below
from exports.cap.model import Resource

_MIME = re.compile(
    r"[a-z0-9][\w!#$&^.+-]{0,126}/[a-z0-9][\w!#$&^.+-]{0,126}(?: ?; ?[\w-]+=[\w\"./+-]+)*", re.ASCII | re.IGNORECASE
)
_SHA1 = re.compile(r"[0-9a-f]{40}", re.ASCII | re.IGNORECASE)


def check(resource: Resource, path: str) -> Iterator[Finding]:
    """Find what is wrong with one resource. Source: CAP 1.2 §3.2.3; media types RFC 6838 §4.2; digests FIPS 180-2."""
    if not _MIME.fullmatch(resource.mime_type):
        yield Finding(below(path, "mimeType"), "mime_type", "is not a media type, as image/png")
    if resource.size is not None and resource.size < 0:
        yield Finding(below(path, "size"), "size", "is below zero")
    if resource.uri is not None and not _leads(resource.uri, inside=resource.deref_uri is not None):
        yield Finding(below(path, "uri"), "uri", "is not a whole address with its scheme, as https://…")
    if resource.digest is not None and not _SHA1.fullmatch(resource.digest):
        yield Finding(below(path, "digest"), "digest", "is not a SHA-1 of 40 hexadecimal digits")
    if resource.deref_uri is not None:
        yield from _content(resource, resource.deref_uri, path)
    elif resource.uri is None:
        yield Finding(below(path, "uri"), "uri_missing", "is missing: nobody can get the file", advice=True)


def _content(resource: Resource, encoded: str, path: str) -> Iterator[Finding]:
    try:
        content = base64.b64decode("".join(encoded.split()), validate=True)
    except (binascii.Error, ValueError):
        yield Finding(below(path, "derefUri"), "deref_uri", "is not base64")
        return
    if resource.size is not None and resource.size != len(content):
        yield Finding(below(path, "size"), "size_differs", "is not the size of what derefUri holds")
    if (
        resource.digest is not None
        and hashlib.sha1(content, usedforsecurity=False).hexdigest() != resource.digest.lower()
    ):
        yield Finding(below(path, "digest"), "digest_differs", "is not the SHA-1 of what derefUri holds")


def _leads(uri: str, *, inside: bool) -> bool:
    """Say whether a URI is whole, or, where the content comes along, may name it within the alert."""
    try:
        parts = urlsplit(uri)
    except ValueError:
        return False
    if re.search(r"[\s<>\"]", uri):
        return False
    return inside or bool(parts.scheme and (parts.netloc or parts.path))
