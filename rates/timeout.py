"""How long a call may take, and how one is ended that takes longer.

In the main thread an alarm (SIGALRM) raises `OutOfTime`, in Python's own code and in what waits: sleep, a read.
In any other thread, as those of dask, without SIGALRM, and where somebody else's alarm is ticking, a second thread
raises it; that takes effect at the next line of Python. Native code that does not come back stops for neither. In a
process that may be lost, a worker of our own, a thread of C then ends the process.
"""

from __future__ import annotations

import faulthandler
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

_LONGEST = 3e7  # seconds, a year: no timer takes infinity
_AGAIN = 1.0  # seconds until it rings once more: a destructor or a bare `except` swallows what is raised in it


class OutOfTime(BaseException):
    """A call took too long; not an Exception, which an algorithm might catch to go on."""


@dataclass(frozen=True)
class Limit:
    """Seconds that a call may take, and whether its process may be ended where nothing else helps."""

    seconds: float
    expendable: bool = False

    @property
    def fatal(self) -> float:
        """Seconds after which an expendable process is ended: later, since what is raised comes back sooner."""
        return self.seconds + max(1.0, self.seconds / 20)


@contextmanager
def limited(limit: Limit | None) -> Iterator[None]:
    """Raise OutOfTime in the block once the limit is over; None, and more than a year, is no limit."""
    if limit is None or limit.seconds > _LONGEST:
        yield
        return
    ended = _alarm if _may_set_alarm() else _watched
    with _backstop(limit), ended(limit.seconds):
        yield


def _may_set_alarm() -> bool:
    """Return whether the alarm is there, is ours to set, and is not in use already, as by a timeout of a test."""
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        return False
    return signal.getitimer(signal.ITIMER_REAL)[0] == 0


@contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    def ring(number: int, frame: object) -> None:
        raise OutOfTime

    before = signal.signal(signal.SIGALRM, ring)
    try:  # two of them: should it ring in the inner `finally`, the outer still puts the handler back
        signal.setitimer(signal.ITIMER_REAL, seconds, _AGAIN)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before if before is not None else signal.SIG_DFL)


@contextmanager
def _watched(seconds: float) -> Iterator[None]:
    from ctypes import c_ulong, py_object, pythonapi

    thread, lock, over = c_ulong(threading.get_ident()), threading.Lock(), threading.Event()

    def ring() -> None:  # once: ringing again could hit a later thread of the same number
        with lock:  # never after the block: what runs then is not ours
            if not over.is_set():
                pythonapi.PyThreadState_SetAsyncExc(thread, py_object(OutOfTime))

    timer = threading.Timer(seconds, ring)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        with lock:
            over.set()
            pythonapi.PyThreadState_SetAsyncExc(thread, None)  # one that has not been raised yet


@contextmanager
def _backstop(limit: Limit) -> Iterator[None]:
    if not limit.expendable:
        yield
        return
    with open(os.devnull, "w") as nowhere:
        faulthandler.dump_traceback_later(limit.fatal, exit=True, file=nowhere)
        try:
            yield
        finally:
            faulthandler.cancel_dump_traceback_later()
