"""A receiver of events in a process of its own, as small as can be: it agrees, answers 204 and counts.

`python -m tests.bench.receiver` prints its port, then serves until its input ends; `GET /` tells how many events came.
"""

import asyncio
import sys

_COUNT = {"events": 0}
_EVENT = b'"specversion"'


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer one connection's requests, one after the other."""
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            lines = head.decode("latin-1").split("\r\n")
            headers = dict(line.lower().split(": ", 1) for line in lines[1:] if ": " in line)
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            writer.write(_answer(lines[0].split(" ")[0], headers, body))
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


def _answer(method: str, headers: dict[str, str], body: bytes) -> bytes:
    if method == "OPTIONS":
        origin = headers["webhook-request-origin"]
        return (
            f"HTTP/1.1 200 OK\r\nWebHook-Allowed-Origin: {origin}\r\nWebHook-Allowed-Rate: *\r\n"
            "Content-Length: 0\r\n\r\n"
        ).encode()
    if method == "GET":
        told = str(_COUNT["events"]).encode()
        return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(told), told)
    _COUNT["events"] += body.count(_EVENT) or 1
    return b"HTTP/1.1 204 No Content\r\n\r\n"


async def main() -> None:
    """Serve until the input ends."""
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
