"""The engine for clusters: calls travel to the workers of dask.distributed, answers come back to the one store.

Loaded only when it is asked for; `distributed` is an extra.
"""

from __future__ import annotations

import pickle
import threading
import time
import uuid
from collections.abc import Callable
from concurrent import futures
from concurrent.futures import BrokenExecutor, Future
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from typing import Any

from distributed import Client, KilledWorker

from rates.dask_cluster import connected, line
from rates.dask_worker import Terms, call, own_versions
from rates.engines import Elastic, EngineError
from rates.fingerprint import mark
from rates.tasks import Task, prepare

_LONELY_SECONDS = 60.0  # without any worker: until then a batch system or a nanny may bring one back
_LOOK_SECONDS = 1.0
_KEPT = "what was measured is kept, the same command goes on from here"


class Dask(Elastic):
    """Runs calls on the workers of a cluster, each of one thread.

    A call whose worker dies is sent to another one, by the scheduler; where it takes several down its future has a
    BrokenExecutor. Once the cluster is lost, all futures have, and `submit` raises EngineError with the reason.
    """

    def __init__(self, client: Client, where: str, resources: ExitStack) -> None:
        self._client, self._where, self._resources = client, where, resources
        self._executor = client.get_executor(pure=False)
        self._terms = Terms(uuid.uuid4().hex, own_versions())
        self._marks: dict[tuple[str, str], str] = {}
        self._open: dict[Future[Any], Future[Any]] = {}  # ours and dask's
        self._lock = threading.Lock()
        self._lost = ""
        self._workers = len(client.nthreads())
        self._closing = threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._watcher.start()

    @property
    def workers(self) -> int:
        """How many workers there were a second ago, at least one."""
        return max(1, self._workers)

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Send the call to a worker; raises at once if it cannot be pickled, EngineError if the cluster is lost."""
        message = pickle.dumps((fn, args, kwargs))
        terms = self._terms_of(fn, args)
        answer: Future[Any] = Future()
        with self._lock:
            if self._lost:
                raise EngineError(self._lost)
            try:
                sent = self._open[answer] = self._executor.submit(call, message, terms)
            except Exception as error:  # dask has closed the connection by itself
                raise EngineError(
                    f"the scheduler at {self._where} cannot be reached ({line(error)}); {_KEPT}"
                ) from error
        answer.add_done_callback(self._call_off)
        sent.add_done_callback(partial(self._settle, answer))
        return answer

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Leave the cluster, and end it if it was started here; with `cancel_futures` calls that wait are taken back.

        A call that a worker of somebody else's cluster is in the middle of runs to its end there.
        """
        if self._closing.is_set():
            return
        if wait and not cancel_futures:
            with self._lock:
                waiting = list(self._open)
            futures.wait(waiting)
        self._closing.set()
        self._watcher.join()
        with self._lock:
            left, self._open = self._open, {}
        for answer in left:
            answer.cancel()
            answer.set_running_or_notify_cancel()  # tells who waits for it
        self._resources.close()  # a scheduler forgets the calls of a client that leaves

    def _terms_of(self, fn: Callable[..., Any], args: tuple[Any, ...]) -> Terms:
        """Return the terms of a call, with the code that it needs where it is one of a sweep's."""
        if fn is prepare:
            (origin, address), device = args, "cpu"
        elif args and isinstance(args[0], Task):
            origin, address, device = args[0].origin, args[0].address, args[0].device
        else:
            return self._terms
        if not origin:
            return self._terms
        marked = self._marks.get((origin, device)) or mark(origin, device)
        self._marks[origin, device] = marked
        return replace(self._terms, origin=origin, address=address, device=device, mark=marked)

    def _call_off(self, answer: Future[Any]) -> None:
        sent = self._open.get(answer) if answer.cancelled() else None
        if sent is not None:
            sent.cancel()

    def _settle(self, answer: Future[Any], sent: Future[Any]) -> None:
        """Hand an answer over; in the thread of dask's event loop."""
        if answer.cancelled():
            self._take(answer)  # tells who waits for it
            return
        if sent.cancelled():
            self._lose(f"the scheduler at {self._where} went away or was started again")
            return
        error = sent.exception()
        if isinstance(error, EngineError):
            self._lose(str(error))
        elif self._take(answer):
            if isinstance(error, KilledWorker):
                answer.set_exception(BrokenExecutor(str(error)))
            elif error is not None:
                answer.set_exception(error)
            else:
                answer.set_result(sent.result())

    def _take(self, answer: Future[Any]) -> bool:
        """Return whether the caller is the one to settle this answer."""
        with self._lock:
            waiting = self._open.pop(answer, None)
        return waiting is not None and answer.set_running_or_notify_cancel()

    def _lose(self, reason: str) -> None:
        with self._lock:
            self._lost = self._lost or f"{reason}; {_KEPT}"
            waiting = list(self._open)
        for answer in waiting:
            if self._take(answer):
                answer.set_exception(BrokenExecutor(self._lost))

    def _watch(self) -> None:
        """Count the workers, and give up a cluster that has had none for long."""
        seen = time.monotonic()
        while not self._closing.wait(_LOOK_SECONDS):
            try:
                self._workers = len(self._client.nthreads())
            except Exception:  # not connected: the calls that are out hear of it, and so does the next
                continue
            now = time.monotonic()
            seen = now if self._workers else seen
            if now - seen > _LONELY_SECONDS:
                self._lose(f"the cluster at {self._where} has had no worker for {_LONELY_SECONDS:g} s")


def connect(address: str, jobs: int) -> Dask:
    """Return the executor of the cluster whose scheduler has this address, or of `jobs` new processes for `local`.

    EngineError, in one sentence, if nothing answers within five seconds or the workers cannot be used.
    """
    with ExitStack() as resources:
        client = resources.enter_context(connected(address, jobs))
        return Dask(client, address, resources.pop_all())
