"""What runs on a worker of a cluster: a call, once the worker was found to have the same code and libraries."""

from __future__ import annotations

import ctypes
import importlib.metadata
import os
import pickle
import socket
import sys
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from rates.catalogue import load
from rates.engines import EngineError
from rates.environment import versions
from rates.fingerprint import fingerprint, mark, processor

_MALLOC_TRIM_THRESHOLD, _MALLOC_MMAP_THRESHOLD = -1, -3  # as malloc.h numbers them
Versions = tuple[tuple[str, str], ...]
OTHER_PROCESSOR = (
    "another kind of processor than this machine, or variables that make libraries choose as if, and so other last"
    " bits: start this command and all workers on machines of one kind"
)


@dataclass(frozen=True)
class Terms:
    """On what a worker may answer: the versions and the code that it must have, looked at once a session.

    `origin`, `address` and `device` are those of the task, and `mark` is what its numbers will be marked with: the
    code and the kind of processor of the machine that keeps them.
    """

    session: str
    versions: Versions
    origin: str = ""
    address: str = ""
    device: str = "cpu"
    mark: str = ""


@dataclass(frozen=True)
class Inside:
    """What a process says about itself: versions, kind of processor, and the origins it loaded that have changed."""

    versions: Versions
    processor: str
    stale: tuple[str, ...]


def call(message: bytes, terms: Terms) -> Any:
    """Run the pickled call; EngineError, which ends the run, if this worker cannot give the same numbers."""
    _agree(terms)
    fn, args, kwargs = pickle.loads(message)
    return fn(*args, **kwargs)


def inside() -> Inside:
    """Look at this process."""
    return Inside(own_versions(), processor(), _stale())


def own_versions() -> Versions:
    """Return the versions of Python, of this package and of the numerical libraries of this process."""
    found = {"Python": ".".join(map(str, sys.version_info[:2])), **versions()}
    try:
        found["dltheory"] = importlib.metadata.version("dltheory")
    except importlib.metadata.PackageNotFoundError:
        found["dltheory"] = "no version"
    return tuple(sorted(found.items()))


def difference(here: Versions, there: Versions) -> str:
    """Return the first package of which there are two versions, as `numpy 2.1.0, here it is 2.3.1`; else nothing."""
    mine, other = dict(here), dict(there)
    for name in sorted({*mine, *other}):
        if mine.get(name) != other.get(name):
            return f"{name} {other.get(name, 'missing')}, here it is {mine.get(name, 'missing')}"
    return ""


@lru_cache(maxsize=4096)
def _agree(terms: Terms) -> None:
    _settle_in()
    unlike = difference(terms.versions, own_versions())
    if unlike:
        raise EngineError(f"the worker on {_here()} has {unlike}: give all workers the same environment")
    if terms.origin:
        _require_code(terms)


@lru_cache(maxsize=1)
def _settle_in() -> None:
    """Make this process one that computes: numba on one thread, and memory that is used again.

    A nanny sets MALLOC_TRIM_THRESHOLD_ to 64 KiB, for tables that come and go. Each array is then new memory from the
    system, which makes networks four times as slow.
    """
    if "numba" not in sys.modules:
        os.environ["NUMBA_NUM_THREADS"] = "1"
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is not None and "MALLOC_TRIM_THRESHOLD_" in os.environ:  # not every C library has it
        mallopt(_MALLOC_MMAP_THRESHOLD, 32 * 2**20)
        mallopt(_MALLOC_TRIM_THRESHOLD, 256 * 2**20)


def _require_code(terms: Terms) -> None:
    if terms.origin.endswith(".py") and not Path(terms.origin).is_file():
        raise EngineError(
            f"the worker on {_here()} has no file {terms.origin}: keep it on a file system that all workers see, or"
            f" install it there as a package with the entry point rates.catalogue"
        )
    changed = _stale()
    if changed:
        raise EngineError(f"the worker on {_here()} has loaded {changed[0]} before it was changed: restart the worker")
    load(terms.origin, terms.address)  # first, as on the other side: a file may change where modules are looked for
    code, found = _loaded().setdefault(terms.origin, fingerprint(terms.origin)), mark(terms.origin, terms.device)
    if code != terms.mark.partition("@")[0]:
        raise EngineError(f"the worker on {_here()} has other code of {terms.origin}: install the same there")
    if found != terms.mark:
        raise EngineError(f"the worker on {_here()} has {OTHER_PROCESSOR}")


@lru_cache(maxsize=1)
def _loaded() -> dict[str, str]:
    """Return the fingerprints of the origins that this process has loaded, as they were before it did.

    Python imports a module once a process and workers outlive a run: an edited file would be measured as it was,
    and kept under the name of what it is.
    """
    return {}


def _stale() -> tuple[str, ...]:
    return tuple(origin for origin, code in _loaded().items() if _fingerprint(origin) != code)


def _fingerprint(origin: str) -> str:
    try:
        return fingerprint(origin)
    except OSError:  # gone
        return ""


def _here() -> str:
    return socket.gethostname()
