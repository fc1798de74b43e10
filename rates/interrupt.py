"""How a run is ended from outside, other than by Ctrl-C."""

from __future__ import annotations

import multiprocessing
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def terminable() -> Iterator[None]:
    """Take SIGTERM, by which batch systems and containers end a program, for a Ctrl-C while the block runs.

    Workers are then stopped and their semaphores freed. Where a SIGTERM is handled already, it stays as it is, and
    in a worker of somebody's pool, which would take the Ctrl-C for the result of its call and live on.
    """
    main = threading.current_thread() is threading.main_thread() and multiprocessing.parent_process() is None
    if not main or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return

    def stop(number: int, frame: object) -> None:
        if callable(signal.getsignal(signal.SIGINT)):
            signal.raise_signal(signal.SIGINT)  # held back where a Ctrl-C is
        else:  # ignored, as in the background of a shell
            raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
