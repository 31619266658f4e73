"""WebSocket frames (RFC 6455), as far as a client needs them; no sockets here."""

from __future__ import annotations

import base64
import hashlib
import os
from typing import NamedTuple
from urllib.parse import SplitResult

from ._errors import TracewireError

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
CONTINUATION = 0
SUBPROTOCOL = "tracewire.v1"
#: Longer ones are none of tracewire's.
MAX_FRAME_BYTES = 256 << 20
MAX_HEAD_BYTES = 64 << 10
_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class FrameHead(NamedTuple):
    is_final: bool
    opcode: int
    #: Bytes of the length that follow the first two.
    length_bytes: int
    length: int


def new_key() -> str:
    return base64.b64encode(os.urandom(16)).decode()


def handshake(url: SplitResult, path: str, key: str, token: str | None) -> bytes:
    """The request that opens a WebSocket."""
    lines = [
        f"GET {path} HTTP/1.1",
        f"Host: {url.netloc.rpartition('@')[2]}",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Key: {key}",
        f"Sec-WebSocket-Protocol: {SUBPROTOCOL}",
    ]
    if token is not None:
        lines.append(f"Authorization: Bearer {token}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def status_of(head: bytes) -> int:
    """The status of an HTTP answer's head."""
    first = head.split(b"\r\n", 1)[0].split(b" ")
    if len(first) < 2 or not first[0].startswith(b"HTTP/1.") or not first[1].isdigit():
        raise TracewireError(f"expected an HTTP answer, got {head[:60]!r}", code="HTTP")
    return int(first[1])


def content_length(head: bytes) -> int:
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length" and value.strip().isdigit():
            return min(int(value), MAX_HEAD_BYTES)
    return 0


def check_accept(head: bytes, key: str) -> None:
    """Whether it was a WebSocket server that answered."""
    expected = base64.b64encode(hashlib.sha1((key + _GUID).encode()).digest()).lower()
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"sec-websocket-accept" and value.strip().lower() == expected:
            return
    raise TracewireError("expected a WebSocket, got another answer with status 101", code="HTTP")


def client_frame(opcode: int, payload: bytes) -> bytes:
    """A frame of a client: whole and masked. At most 65 535 bytes."""
    mask = os.urandom(4)
    length = len(payload)
    head = bytes([0x80 | opcode, 0x80 | length]) if length < 126 else bytes([0x80 | opcode, 0xFE]) + length.to_bytes(2, "big")
    repeated = mask * (length // 4 + 1)
    masked = int.from_bytes(payload, "big") ^ int.from_bytes(repeated[:length], "big")
    return head + mask + masked.to_bytes(length, "big")


def frame_head(two: bytes | memoryview) -> FrameHead:
    """The first two bytes of a server's frame."""
    if two[0] & 0x70 or two[1] & 0x80:
        raise TracewireError("expected an unmasked WebSocket frame without extensions, got another", code="BAD_FRAME")
    short = two[1] & 0x7F
    return FrameHead(bool(two[0] & 0x80), two[0] & 0x0F, {126: 2, 127: 8}.get(short, 0), short)


def checked_length(length: int) -> int:
    if length > MAX_FRAME_BYTES:
        raise TracewireError(f"frame: expected at most {MAX_FRAME_BYTES} bytes, got {length}", code="BAD_FRAME")
    return length
