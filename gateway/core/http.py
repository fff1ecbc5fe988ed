"""The guarded client: the one way to an address that somebody typed in, who must not reach through us what is ours.

Every name is looked up here, every address that comes of it is judged, and the connection goes to the very address that
was judged: so a name that answers differently a second later changes nothing. TLS and `Host` still name the host.
Refused are private, loopback, link-local, metadata and all other addresses that are not public, in whatever dress
(decimal, octal, IPv4 within IPv6), unless the operator allows the host in the environment. Redirects are never
followed, an answer's body is read up to a cap, and everything together has one deadline.

Source: OWASP, Server-Side Request Forgery Prevention; RFC 6890; RFC 6052 (NAT64); RFC 3056 (6to4).
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

import certifi
import httpcore

from gateway.core.errors import BadInput, TiplineError

SECONDS = 10.0
"""How long one request may take in all: looking up aside, connecting, asking and reading."""
BODY_BYTES = 64 * 1024
"""So much of an answer's body is read; the rest is somebody else's memory to fill."""
URL_LENGTH = 2000
_ALLOW = "The operator can allow it by TIPLINE_ALLOWED_HOSTS."
_CONNECTIONS, _IDLE_SECONDS = 64, 15.0
_METADATA = frozenset(map(ipaddress.ip_address, ("168.63.129.16", "169.254.169.254", "100.100.100.200")))
"""What clouds tell a machine about itself; Azure's alone looks like a public address."""
_PROTOCOLS = ipaddress.IPv4Network("192.0.0.0/24")
"""Kept for protocols; Python holds most of it for public, and Oracle's older machines have their metadata there."""
_EMBEDDED = tuple(map(ipaddress.IPv6Network, ("::/96", "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32")))
"""IPv6 that leads to an IPv4 address behind a translator or tunnel: nobody serves webhooks there."""

Resolve = Callable[[str, int], Sequence[str]]
"""Looks a host up; answers numeric addresses. Raises: OSError."""
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Unreached(TiplineError):
    """No whole answer came: `code` says why (`timeout`, `connection`, `tls`, `name`, `address`, `protocol`)."""

    public = "That server did not answer as it should."
    retryable = True

    def __init__(self, code: str) -> None:
        super().__init__()
        self.code = code


@dataclass(frozen=True)
class Answer:
    """What a server said: header names in lower case, `body` up to the cap, `is_cut` when there was more."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    is_cut: bool = False


def resolve(host: str, port: int) -> list[str]:
    """Look a host up as every program on this machine does. Raises: OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def is_public(address: str) -> bool:
    """Tell whether a numeric address is one that anybody may reach, and not only we."""
    try:
        found: Address = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return is_public(str(found.ipv4_mapped))
        if found.is_site_local or any(found in network for network in _EMBEDDED):
            return False
    elif found in _PROTOCOLS:
        return False
    return found.is_global and not found.is_multicast and not found.is_reserved and found not in _METADATA


class Hosts:
    """Which hosts may be gone to: all that are public, and those that the operator's environment allows."""

    def __init__(self, allowed: Iterable[str] = ()) -> None:
        """Take what is allowed: `host` or `host:port`."""
        self._allowed = frozenset(one.strip().lower() for one in allowed)

    def allows(self, host: str, port: int) -> bool:
        """Tell whether the operator allows a host whatever its address is."""
        host = host.lower()
        return host in self._allowed or f"{host}:{port}" in self._allowed

    def check(self, url: str) -> str:
        """Judge an address before it is kept; answers it as it will be asked. Raises: BadInput saying what is wrong.

        What its name stands for is judged at each connection, not here: that may change.
        """
        parts = _split(url)
        host, port = parts.hostname or "", parts.port or _port(parts.scheme)
        if self.allows(host, port):
            return parts.geturl()
        if parts.scheme != "https":
            raise BadInput(f"The address must begin with https://, so that nobody on the way reads along. {_ALLOW}")
        number = _number(host)
        if _is_own(host) or (number is not None and not is_public(number)):
            raise BadInput(f"That address is not public. {_ALLOW}")
        return parts.geturl()


class Guarded:
    """A pool of connections to servers that others name. Safe to use from many threads."""

    def __init__(
        self,
        allowed: Iterable[str] = (),
        *,
        seconds: float = SECONDS,
        body_bytes: int = BODY_BYTES,
        look_up: Resolve = resolve,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        """Prepare; nothing is opened yet. `allowed` are `host` or `host:port`, as the operator's environment says."""
        hosts = Hosts(allowed)
        self.check = hosts.check
        self._seconds, self._body_bytes = seconds, body_bytes
        self._pool = httpcore.ConnectionPool(
            ssl_context=trust or _trust(),
            max_connections=_CONNECTIONS,
            max_keepalive_connections=_CONNECTIONS,
            keepalive_expiry=_IDLE_SECONDS,
            network_backend=_Guard(hosts, look_up),
        )

    def ask(self, method: str, url: str, headers: Mapping[str, str], content: bytes = b"") -> Answer:
        """Send a request and read the answer, a redirect like any other. Raises: Unreached, BadInput."""
        self.check(url)
        given = [(name.encode("ascii"), value.encode("latin-1")) for name, value in headers.items()]
        given += [(b"Host", _host_of(url)), (b"Accept-Encoding", b"identity"), (b"User-Agent", b"Tipline")]
        timeouts = dict.fromkeys(("connect", "read", "write", "pool"), self._seconds)
        _deadline.at = time.monotonic() + self._seconds
        try:
            with self._pool.stream(
                method, _target(url), headers=given, content=content, extensions={"timeout": timeouts}
            ) as answer:
                return self._read(answer)
        except (httpcore.TimeoutException, TimeoutError):
            raise Unreached("timeout") from None
        except httpcore.NetworkError as error:
            tls = error.args and isinstance(error.args[0], ssl.SSLError)
            raise Unreached("tls" if tls else "connection") from None
        except (httpcore.ProtocolError, httpcore.UnsupportedProtocol, OSError, ValueError):
            raise Unreached("protocol") from None

    def close(self) -> None:
        """Let go of the connections."""
        self._pool.close()

    def _read(self, answer: httpcore.Response) -> Answer:
        body, is_cut = bytearray(), False
        for chunk in answer.iter_stream():
            body += chunk
            if len(body) > self._body_bytes:
                is_cut = True  # Leaving the block closes the connection, since more is to come on it.
                break
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in answer.headers}
        return Answer(answer.status, headers, bytes(body[: self._body_bytes]), is_cut)


_deadline = threading.local()
"""When the request of this thread must be over: a server that drips a byte a second must not last for ever."""


class _Guard(httpcore.NetworkBackend):
    """Opens connections: looks the host up, judges what it stands for, and goes to that address alone."""

    def __init__(self, hosts: Hosts, look_up: Resolve) -> None:
        self._hosts, self._look_up = hosts, look_up
        self._plain = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to one of the host's addresses, when all of them are ones it may have. Raises: Unreached."""
        try:
            addresses = self._look_up(host, port)
        except (OSError, UnicodeError):
            raise Unreached("name") from None
        if not addresses:
            raise Unreached("name")
        if not self._hosts.allows(host, port) and not all(map(is_public, addresses)):
            raise Unreached("address")
        for tried, address in enumerate(addresses[:-1]):
            # One that is silent must leave time for the others: IPv6 that leads nowhere is nobody's whole wait.
            share = _left(timeout) / (len(addresses) - tried)
            try:
                return _Timed(self._plain.connect_tcp(address, port, share))
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return _Timed(self._plain.connect_tcp(addresses[-1], port, _left(timeout)))


class _Timed(httpcore.NetworkStream):
    """A connection each of whose waits ends when its request must be over."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _left(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _Timed(self._stream.start_tls(ssl_context, server_hostname, _left(timeout)))

    def get_extra_info(self, info: str) -> object:
        return self._stream.get_extra_info(info)


def _left(timeout: float | None) -> float:
    left: float = _deadline.at - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout
    return left if timeout is None else min(left, timeout)


def _split(url: str) -> SplitResult:
    """Take a URL apart. Raises: BadInput."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise BadInput("That is not an address of the form https://host/path.") from None
    plain = url.isascii() and url.isprintable() and " " not in url and "\\" not in url and len(url) <= URL_LENGTH
    if not plain or parts.scheme not in {"http", "https"} or not host or port == 0 or "#" in url:
        raise BadInput("That is not an address of the form https://host/path.")
    if parts.username is not None or parts.password is not None:
        raise BadInput("An address must not hold a name or password: give a token instead.")
    return parts


def _port(scheme: str) -> int:
    return 443 if scheme == "https" else 80


def _target(url: str) -> httpcore.URL:
    """Take a URL over as it is: httpcore by itself loses what stands behind a semicolon."""
    parts = urlsplit(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return httpcore.URL(scheme=parts.scheme, host=parts.hostname or "", port=parts.port, target=target)


def _host_of(url: str) -> bytes:
    return urlsplit(url).netloc.encode("ascii")


def _is_own(host: str) -> bool:
    """Tell whether a name is this machine's wherever it is looked up. Source: RFC 6761 §6.3."""
    return host == "localhost" or host.endswith(".localhost")


def _number(host: str) -> str | None:
    """Read a host that is a number, as the system would: `2130706433` and `0x7f.1` are 127.0.0.1."""
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        pass
    try:
        return socket.inet_ntoa(socket.inet_aton(host))
    except OSError:
        return None


def _trust() -> ssl.SSLContext:
    """Trust what this machine trusts, and Mozilla's list for machines that have none."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context
