"""HTTP and JSON over the core's unix socket, with the standard library only."""

import contextlib
import http.client
import json
import socket
from collections.abc import Iterator
from typing import Any

from .errors import CoreUnreachableError, core_error_from

REQUEST_TIMEOUT_SECONDS = 60.0
# A stream that is silent for so long (blank lines count as sound) is taken for dead and opened again.
STREAM_TIMEOUT_SECONDS = 120.0


class UnixConnection(http.client.HTTPConnection):
    """An HTTP connection whose server is a unix socket."""

    def __init__(self, socket_path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self.socket_path = socket_path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.socket_path)


def call(socket_path: str, method: str, path: str, body: Any = None, timeout: float = REQUEST_TIMEOUT_SECONDS) -> Any:
    """One request and its parsed answer.

    Raises CoreUnreachableError if there is no whole answer, CoreError if the answer is an error. A connection
    of its own for each call: it costs 50 microseconds, and no call can spoil another's.
    """
    connection = UnixConnection(socket_path, timeout)
    try:
        response, raw = _exchange(connection, method, path, body)
    finally:
        connection.close()
    parsed = _parse(raw)
    if response.status >= 400:
        raise core_error_from(parsed, response.status, response.getheader("retry-after"))
    return parsed


def _exchange(connection: UnixConnection, method: str, path: str, body: Any) -> tuple[http.client.HTTPResponse, bytes]:
    payload = None if body is None else json.dumps(body).encode()
    headers = {} if payload is None else {"content-type": "application/json"}
    try:
        connection.request(method, path, payload, headers)
        response = connection.getresponse()
        return response, response.read()
    except (OSError, http.client.HTTPException) as error:
        raise CoreUnreachableError(f"{method} {path}: {error or type(error).__name__}") from error


def _parse(raw: bytes) -> Any:
    try:
        return json.loads(raw) if raw.strip() else None
    except ValueError:
        return raw.decode(errors="replace")


class EventStream:
    """The endless answer of `GET .../events`: one JSON object a line, blank lines to show that the core
    lives.
    """

    def __init__(self, socket_path: str, path: str, timeout: float = STREAM_TIMEOUT_SECONDS) -> None:
        self._connection = UnixConnection(socket_path, timeout)
        try:
            self._connection.request("GET", path)
            # close() must find the socket even while another thread waits for the answer.
            self._socket = self._connection.sock
            self._response = self._connection.getresponse()
            if self._response.status >= 400:
                raise core_error_from(_parse(self._response.read()), self._response.status)
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            raise CoreUnreachableError(f"GET {path}: {error or type(error).__name__}") from error

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Events as they come. Raises CoreUnreachableError when the stream ends, for it has no end of its
        own.
        """
        pending = b""
        while True:
            try:
                chunk = self._response.read1(65536)
            # After close() from another thread the response has lost its file: AttributeError or ValueError.
            except (OSError, http.client.HTTPException, AttributeError, ValueError) as error:
                raise CoreUnreachableError(f"event stream: {error or type(error).__name__}") from error
            if not chunk:
                raise CoreUnreachableError("the event stream ended")
            *lines, pending = (pending + chunk).split(b"\n")
            for line in lines:
                if line.strip():
                    yield json.loads(line)

    def close(self) -> None:
        """End the stream from any thread; a reader that waits gets CoreUnreachableError."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        with contextlib.suppress(OSError):
            self._socket.close()
