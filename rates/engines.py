"""Engines: where calls run. All are executors of `concurrent.futures`; a call's bits do not depend on the engine."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from typing import Any

from rates.environment import thread_variables


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
        with _interrupt_blocked():  # a worker started now inherits that: a Ctrl-C is the parent's from the beginning
            return self._pool.submit(_call, message)


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
def _interrupt_blocked() -> Iterator[None]:
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
    if name.startswith("dask"):
        raise ValueError(f"the engine {name!r} is not available yet: use serial or processes")
    if name not in ("serial", "processes"):
        raise ValueError(f"unknown engine {name!r}: use serial or processes")
    if jobs < 1:
        raise ValueError(f"the number of jobs must be at least 1, got {jobs}")


@contextmanager
def engine(name: str, jobs: int = 1) -> Iterator[Executor]:
    """Yield the executor of this name: `serial`, or `processes` with that many workers.

    ValueError as `require_engine`. On an exception running calls are stopped.
    """
    require_engine(name, jobs)
    executor: Executor = Serial() if name == "serial" else Processes(jobs)
    with thread_variables():
        try:
            yield executor
        except BaseException:
            executor.shutdown(wait=True, cancel_futures=True)
            raise
        executor.shutdown(wait=True)
