"""Patterns of a `.gitignore`, as git reads them (gitignore(5)), for one file at the top of a directory tree."""

import re
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Pattern:
    """One line: what it matches, and whether it takes out again what an earlier line put in."""

    expression: re.Pattern[str]
    negated: bool
    only_directories: bool


class IgnoreRules:
    """The lines of one ignore file; the last one that matches decides."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._patterns = [pattern for pattern in map(parse_line, lines) if pattern is not None]

    def ignores(self, path: str, *, is_directory: bool = False) -> bool:
        """Whether `path` (relative, with `/`) itself is named. What is below an ignored directory is not asked for:
        as with git, nothing in it can be taken out again.
        """
        for pattern in reversed(self._patterns):
            if (is_directory or not pattern.only_directories) and pattern.expression.fullmatch(path):
                return not pattern.negated
        return False


def parse_line(line: str) -> Pattern | None:
    """None for a blank line, a comment, and a pattern that can match nothing."""
    text = _without_trailing_blanks(line.rstrip("\r\n"))
    if not text or text.startswith("#"):
        return None
    negated = text.startswith("!")
    text = text[1:] if negated else text
    only_directories = text.endswith("/")
    text = text.rstrip("/") if only_directories else text
    # A slash at the beginning or in the middle ties the pattern to the file's own directory.
    anchored = "/" in text
    text = text.removeprefix("/")
    if not text:
        return None
    try:
        expression = re.compile(("" if anchored else "(?:.*/)?") + _expression(text), re.DOTALL)
    except re.error:
        return None
    return Pattern(expression, negated, only_directories)


def _without_trailing_blanks(text: str) -> str:
    stripped = text.rstrip(" ")
    # A backslash keeps the blank behind it.
    backslashes = len(stripped) - len(stripped.rstrip("\\"))
    return stripped + " " if len(stripped) < len(text) and backslashes % 2 else stripped


def _expression(text: str) -> str:
    parts = text.split("/")
    pieces: list[str] = []
    for index, part in enumerate(parts):
        last = index == len(parts) - 1
        if part == "**":
            # Any number of directories; at the end everything inside.
            pieces.append(".+" if last else "(?:.*/)?")
        else:
            pieces.append(_segment(part) + ("" if last else "/"))
    return "".join(pieces)


def _segment(part: str) -> str:
    pieces: list[str] = []
    index = 0
    while index < len(part):
        character = part[index]
        index += 1
        if character == "*":
            pieces.append("[^/]*")
        elif character == "?":
            pieces.append("[^/]")
        elif character == "\\" and index < len(part):
            pieces.append(re.escape(part[index]))
            index += 1
        elif character == "[" and (end := _end_of_class(part, index)) is not None:
            pieces.append(_class(part[index:end]))
            index = end + 1
        else:
            pieces.append(re.escape(character))
    return "".join(pieces)


def _end_of_class(part: str, start: int) -> int | None:
    # A closing bracket that comes first is a member.
    first = start + 1 if part[start : start + 1] in ("!", "^") else start
    end = part.find("]", first + 1)
    return end if end >= 0 else None


def _class(members: str) -> str:
    negated = members[:1] in ("!", "^")
    inside = members[1:] if negated else members
    escaped = re.sub(r"([\[\]^&~|])", r"\\\1", inside)
    return f"(?!/)[{'^' if negated else ''}{escaped}]"
