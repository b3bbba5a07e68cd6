"""What can go wrong between Snakemake and the core."""

from dataclasses import dataclass
from typing import Any


@dataclass
class CoreError(Exception):
    """The core has answered with an error.

    `status` is the HTTP status; `retry_after_seconds` is what a 429 asks for. An error that the core writes
    on its standard output before it serves has status 0.
    """

    code: str
    message: str
    hint: str = ""
    status: int = 0
    retry_after_seconds: float | None = None

    def __str__(self) -> str:
        return self.message + (f"\n{self.hint}" if self.hint else "") + f"\n(code {self.code})"


class CoreUnreachableError(Exception):
    """Nobody answers at the socket, or the answer broke off: the core is dead, or is just ending."""


class CoreNotStartableError(CoreError):
    """The core could not be started: Node or the program is missing, or it ended before it served."""


def core_error_from(body: Any, status: int = 0, retry_after: str | None = None) -> CoreError:
    """The error of an answer `{"error": {"code", "message", "hint"}}`; any other body becomes a message as it
    is.
    """
    seconds = _seconds(retry_after)
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict):
        return CoreError("core-protocol", f"the core answered with status {status}: {body!r}", "", status, seconds)
    return CoreError(
        code=str(error.get("code") or "unknown"),
        message=str(error.get("message") or f"the core answered with status {status}"),
        hint=str(error.get("hint") or ""),
        status=status,
        retry_after_seconds=seconds,
    )


def _seconds(retry_after: str | None) -> float | None:
    try:
        return None if retry_after is None else max(0.0, float(retry_after))
    except ValueError:
        return None
