"""Standard output and error as they come: without Unicode, closed, on a full disk, or with a reader that leaves."""

from __future__ import annotations

import codecs
import contextlib
import os
import sys

from rich.console import Console

_ERRORS = "rates-ascii"


class Terminal(Console):
    """A console that falls silent when its reader leaves: the command goes on and ends with its own exit code."""

    def on_broken_pipe(self) -> None:
        """Write to nowhere from here on."""
        self.quiet = True
        silence()


def prepare() -> None:
    """Have the standard streams take every sign, written in ASCII where they cannot, and exist."""
    codecs.register_error(_ERRORS, _in_ascii)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # closed by the caller
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115 (it stays open)
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors=_ERRORS)


def write(text: str) -> None:
    """Write to stdout at once; a reader that has left is no error."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        silence()


def silence() -> None:
    """Send stdout to nowhere, also what is in its buffer."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _in_ascii(error: UnicodeError) -> tuple[str, int]:
    from rates.report.wording import ascii_only

    if not isinstance(error, UnicodeEncodeError):
        raise error
    return ascii_only(error.object[error.start : error.end]), error.end
