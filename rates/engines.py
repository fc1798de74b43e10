"""Engines: where calls run. All are executors of `concurrent.futures`; a call's bits do not depend on the engine."""

from __future__ import annotations

import importlib.util
import multiprocessing
import os
import pickle
import re
import signal
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from typing import Any

from rates.environment import thread_variables

_DASK = "dask:"
_ADDRESS = re.compile(r"((tcp|tls|ucx|wss?)://)?(\[[^\s\]]+\]|[^\s/:,\[\]]+):\d{1,5}")  # tcp://node7:8786, [::1]:8786


class EngineError(RuntimeError):
    """Workers cannot be started or were lost; the message is one sentence."""


class Serial(Executor):
    """Runs a call at once, in this process."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run and return a finished future; KeyboardInterrupt is not caught."""
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


class Processes(Executor):
    """Runs calls in spawned worker processes; after a worker was lost the next call starts a new pool."""

    def __init__(self, jobs: int) -> None:
        self._jobs = jobs
        self._pool: ProcessPoolExecutor | None = None
        self._strangers = set(multiprocessing.active_children())

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Send the call to a worker; raises at once if it cannot be pickled."""
        message = pickle.dumps((fn, args, kwargs))  # unpickled inside the worker's try, where failing is harmless
        try:
            return self._send(message)
        except BrokenExecutor:
            self._pool = None
            return self._send(message)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Stop the workers; with `cancel_futures` also those in the middle of a call."""
        if self._pool is None:
            return
        if cancel_futures:
            for child in set(multiprocessing.active_children()) - self._strangers:
                child.terminate()
        self._pool.shutdown(wait=wait, cancel_futures=cancel_futures)
        self._pool = None

    def _send(self, message: bytes) -> Future[Any]:
        if self._pool is None:
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(self._jobs, mp_context=context, initializer=_start_worker)
        with interrupt_blocked():  # a worker started now inherits that: a Ctrl-C is the parent's from the beginning
            return self._pool.submit(_call, message)


class Elastic(Executor, ABC):
    """An executor whose workers come and go while it runs: a cluster."""

    @property
    @abstractmethod
    def workers(self) -> int:
        """How many workers there are now."""


def _call(message: bytes) -> Any:
    fn, args, kwargs = pickle.loads(message)
    return fn(*args, **kwargs)


def _start_worker() -> None:
    """Leave Ctrl-C to the parent, and end when it is killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ["NUMBA_NUM_THREADS"] = "1"
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


@contextmanager
def interrupt_blocked() -> Iterator[None]:
    """Block Ctrl-C in this thread and in all threads and processes that it starts meanwhile."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def interrupt_deferred() -> Iterator[None]:
    """Hold a Ctrl-C back until the block is done: for the few lines that must happen together."""
    if threading.current_thread() is not threading.main_thread():  # Ctrl-C goes to the main thread only
        yield
        return
    came: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, frame: came.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before if before is not None else signal.SIG_DFL)
    if came:
        raise KeyboardInterrupt


def require_engine(name: str, jobs: int) -> None:
    """Raise ValueError, in one sentence, for a name that is not known or a number of workers that makes no sense."""
    if name == "dask" or name.startswith(_DASK):
        _require_dask(name)
    elif name not in ("serial", "processes"):
        raise ValueError(f"unknown engine {name!r}: use serial, processes, dask:local or dask:ADDRESS")
    if jobs < 1:
        raise ValueError(f"the number of jobs must be at least 1, got {jobs}")


def _require_dask(name: str) -> None:
    address = name.removeprefix(_DASK)
    if address != "local" and not _ADDRESS.fullmatch(address):
        raise ValueError(
            f"the engine {name!r} names no scheduler: use dask:local, or dask:HOST:PORT such as dask:tcp://node7:8786"
        )
    if importlib.util.find_spec("distributed") is None:
        raise ValueError(f"the engine {name!r} needs dask.distributed: pip install 'dltheory[cluster]'")


@contextmanager
def engine(name: str, jobs: int = 1) -> Iterator[Executor]:
    """Yield the executor of this name: `serial`, `processes` with that many workers, or a cluster.

    `dask:local` starts a cluster of that many workers, `dask:ADDRESS` uses the one whose scheduler is there.
    ValueError as `require_engine`, EngineError for a cluster that cannot be used. On an exception calls that run
    are stopped.
    """
    require_engine(name, jobs)
    with thread_variables():
        executor = _executor(name, jobs)
        try:
            yield executor
        except BaseException:
            executor.shutdown(wait=True, cancel_futures=True)
            raise
        executor.shutdown(wait=True)


def _executor(name: str, jobs: int) -> Executor:
    if name.startswith(_DASK):
        from rates.dask_engine import connect  # half a second, and an extra

        return connect(name.removeprefix(_DASK), jobs)
    return Serial() if name == "serial" else Processes(jobs)
