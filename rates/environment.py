"""The environment that a number was measured in, and the one-thread rule that keeps its bits the same."""

from __future__ import annotations

import importlib
import importlib.metadata
import os
import platform
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import threadpoolctl

NUMERICAL = ("numpy", "scipy", "numba", "torch", "scikit-learn")
TORCH_CPU = "cpu:0"
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


@lru_cache(maxsize=1)
def versions() -> dict[str, str]:
    """Return the versions of the numerical libraries that are installed, without importing them."""
    found = {}
    for name in NUMERICAL:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def describe(device: str = "cpu") -> dict[str, Any]:
    """Return what a reader needs to judge or repeat a number, ready for JSON.

    No path, host or user name: the text is published. ValueError for a device that is not there.
    """
    check_device(device)
    importlib.import_module("numpy.linalg")  # loads the BLAS that is to be described
    libraries = [
        {name: info.get(name) for name in ("user_api", "internal_api", "version", "architecture", "num_threads")}
        for info in threadpoolctl.threadpool_info()
    ]
    found: dict[str, Any] = {
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "cpu": _cpu_model(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "packages": versions() | _own_version(),
        "threads": {name: os.environ.get(name) for name in THREAD_VARIABLES},
        "blas": libraries,
        "openblas_coretype": os.environ.get("OPENBLAS_CORETYPE"),
        "device": device,
        "gpu": gpu_name(device),
        "cuda": None if gpu_name(device) is None else str(_torch(device).version.cuda),
    }
    return found | dict(_revision())


def check_device(device: str) -> None:
    """Raise ValueError, in one sentence, unless the device is there: `cpu`, `cuda` or `cuda:N`, or `cpu:0`.

    `cpu:0` is the CPU as torch sees it: what has a path of its own for the CPU takes that of the GPU instead, which
    can so be checked where there is no GPU.
    """
    if device == "cpu":
        return
    if device == TORCH_CPU:
        _torch(device)
        return
    kind, _, index = device.partition(":")
    if kind != "cuda" or (":" in device and not index.isdecimal()):
        raise ValueError(f"unknown device {device!r}: use cpu or cuda, or {TORCH_CPU} for torch on the CPU")
    cuda = _torch(device).cuda
    if not cuda.is_available():
        raise ValueError(f"device {device!r} was asked for but no GPU can be used here: use cpu")
    if index and int(index) >= cuda.device_count():
        raise ValueError(f"device {device!r} was asked for but there are {cuda.device_count()} GPUs, counted from 0")


def gpu_name(device: str) -> str | None:
    """Return what the GPU is called, None for a device that is the CPU."""
    return None if device in ("cpu", TORCH_CPU) else str(_torch(device).cuda.get_device_name(device))


@contextmanager
def thread_variables() -> Iterator[None]:
    """Ask child processes and libraries that are loaded from here on for one thread, by environment variables."""
    before = {name: os.environ.get(name) for name in THREAD_VARIABLES}
    os.environ.update(dict.fromkeys(THREAD_VARIABLES, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextmanager
def single_thread() -> Iterator[None]:
    """Run numerical libraries on one thread: sums in another order have other bits.

    Covers BLAS and OpenMP pools that are loaded now or while the context lasts, torch if it is loaded already, and
    numba if its threads have been started.
    """
    with thread_variables(), _thread_pools(len(sys.modules)).limit(limits=1):
        pools = [sys.modules[name] for name in ("torch", "numba") if name in sys.modules and _started(name)]
        before = [(pool, pool.get_num_threads()) for pool in pools]
        try:
            for pool, _ in before:
                pool.set_num_threads(1)
            yield
        finally:
            for pool, threads in before:
                pool.set_num_threads(threads)


def _started(name: str) -> bool:
    """Return whether a loaded library has threads to limit; asking numba for their number would start them."""
    if name != "numba":
        return True
    try:
        sys.modules[name].threading_layer()
    except ValueError:  # not yet
        return False
    return True


@lru_cache(maxsize=1)
def _thread_pools(loaded: int) -> Any:
    """Return the pools of the libraries that are in memory; looked for again, a millisecond, once more is `loaded`."""
    return threadpoolctl.ThreadpoolController()


def _torch(device: str) -> Any:
    try:
        return importlib.import_module("torch")
    except ImportError as error:
        raise ValueError(f"device {device!r} needs torch, which is not installed: use cpu") from error


def _own_version() -> dict[str, str]:
    try:
        return {"dltheory": importlib.metadata.version("dltheory")}
    except importlib.metadata.PackageNotFoundError:
        return {}


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, platform.processor())


def _revision() -> Mapping[str, Any]:
    """Return the git commit of the code, or else of the working folder, and whether files differ from it."""
    for folder in (Path(__file__).parent, Path.cwd()):
        commit = _git(folder, "rev-parse", "HEAD")
        if commit:
            return {"commit": commit, "dirty": bool(_git(folder, "status", "--porcelain"))}
    return {"commit": None, "dirty": None}


def _git(folder: Path, *arguments: str) -> str:
    command = ["git", "--no-optional-locks", "-C", str(folder), *arguments]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return answer.stdout.strip() if answer.returncode == 0 else ""
