"""Coming to a cluster: the connection to a scheduler, a cluster of this machine, and what is asked of workers."""

from __future__ import annotations

import asyncio
import logging
import os
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from multiprocessing import resource_tracker
from typing import Any

import dask
from distributed import Client, LocalCluster, Security, rpc
from distributed.utils import silence_logging_cmgr

from rates.dask_worker import OTHER_PROCESSOR, Inside, difference, inside, own_versions
from rates.engines import EngineError, interrupt_blocked, interrupt_deferred
from rates.fingerprint import processor

LOCAL = "local"
_CONNECT_SECONDS = 5.0
_RESTART_SECONDS = 120.0
_PATIENCE = "1 day"  # a worker that dies again while another death of it is remembered would not be replaced
_START = "start one with `dask scheduler`, or use dask:local"


@contextmanager
def connected(address: str, jobs: int) -> Iterator[Client]:
    """Yield a client of the cluster whose scheduler has this address, or of `jobs` new processes for `local`.

    EngineError, in one sentence, if nothing answers within five seconds or the workers cannot give the same numbers
    as this process. What dask logs is kept back: that which matters comes as an exception.
    """
    with silence_logging_cmgr(logging.CRITICAL), ExitStack() as resources:
        if address == LOCAL:
            client = resources.enter_context(_client(resources.enter_context(_local(jobs))))
        else:
            _require_scheduler(address)
            client = resources.enter_context(_client(address))
        _require_workers(client, address)
        yield client


@contextmanager
def _local(jobs: int) -> Iterator[LocalCluster]:
    """Start a cluster of worker processes, on which a Ctrl-C has no effect: it is this process that ends them."""
    resource_tracker.ensure_running()  # were it started within the block below, it would end the block
    with ExitStack() as started:
        started.enter_context(_own_variables())
        started.enter_context(dask.config.set({"distributed.deploy.lost-worker-timeout": _PATIENCE}))
        try:
            with interrupt_deferred(), interrupt_blocked():
                cluster = started.enter_context(_processes(jobs))
        except Exception as error:
            raise EngineError(f"no worker process can be started: {line(error)}") from error
        yield cluster


@contextmanager
def _own_variables() -> Iterator[None]:
    """Keep the variables of this process: a nanny that lives in it sets those of its workers here."""
    # The second tells a child of dask that it is one.
    names = ["PYTHONHASHSEED", "__DASK_PARENT_PID", *dask.config.get("distributed.nanny.pre-spawn-environ")]
    before = {name: os.environ.get(name) for name in names}
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


def _processes(jobs: int) -> LocalCluster:
    return LocalCluster(
        n_workers=jobs, threads_per_worker=1, processes=True, memory_limit=None, silence_logs=logging.CRITICAL,
        scheduler_kwargs={"dashboard": False, "dashboard_address": "127.0.0.1:0", "allowed_failures": 0},
    )  # fmt: skip


def _require_scheduler(address: str) -> None:
    """Ask who is there before a client is made: one that fails half-way cannot be closed."""
    with ThreadPoolExecutor(1) as thread:  # this one may have an event loop that runs, in a notebook
        try:
            who = thread.submit(asyncio.run, _identity(address)).result()
        except TimeoutError:
            seconds = f"{_CONNECT_SECONDS:g} s"
            raise EngineError(f"no scheduler answers at {address} within {seconds}: {_START}") from None
        except Exception as error:
            raise EngineError(f"no scheduler answers at {address} ({line(error)}): {_START}") from error
    if who != "Scheduler":
        raise EngineError(f"a {who.lower()} answers at {address}, not a scheduler: give the scheduler's address")


async def _identity(address: str) -> str:
    async def ask() -> str:
        async with rpc(address, connection_args=Security().get_connection_args("client")) as server:
            return str((await server.identity())["type"])

    return await asyncio.wait_for(ask(), _CONNECT_SECONDS)


@contextmanager
def _client(cluster: LocalCluster | str) -> Iterator[Client]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # versions are looked at below
        client = Client(cluster, timeout=_CONNECT_SECONDS, set_as_default=False)
    with client:
        yield client


def _require_workers(client: Client, where: str) -> None:
    """Refuse workers that cannot give the same numbers; those that hold older code are started again."""
    threads = client.nthreads()
    if not threads:
        raise EngineError(
            f"the scheduler at {where} has no workers yet: start some with"
            f" `dask worker {where} --nthreads 1`, or wait until they are there"
        )
    many = next((worker for worker, count in threads.items() if count != 1), None)
    if many is not None:
        raise EngineError(
            f"the worker {many} has {threads[many]} threads, which would share what has to be one call's: start"
            f" workers with --nthreads 1, and --nworkers for more of them"
        )
    _require_alike("the scheduler", client.run_on_scheduler(inside))
    found = client.run(inside, on_error="return")
    for worker, answer in found.items():
        _require_alike(f"the worker {worker}", answer)
        if answer.processor != processor():
            raise EngineError(f"the worker {worker} has {OTHER_PROCESSOR}")
    _restart(client, [worker for worker, answer in found.items() if answer.stale])


def _require_alike(who: str, answer: Any) -> None:
    if not isinstance(answer, Inside):
        raise EngineError(f"{who} cannot use this package ({line(answer)}): install the same version there")
    unlike = difference(own_versions(), answer.versions)
    if unlike:
        raise EngineError(f"{who} has {unlike}: give all of the cluster the same environment")


def _restart(client: Client, workers: list[str]) -> None:
    if not workers:
        return
    try:
        client.restart_workers(workers, timeout=_RESTART_SECONDS)
    except Exception as error:  # one without a nanny, say
        raise EngineError(
            f"the worker {workers[0]} holds code that has been edited since and cannot be started again"
            f" ({line(error)}): restart the cluster"
        ) from error


def line(error: object) -> str:
    """Return what an error says, on one line."""
    return " ".join(str(error).split()) or type(error).__name__
