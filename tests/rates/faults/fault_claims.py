"""Claims whose sweep takes a few seconds, a program that checks them in a process of its own, and what to compare."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

CLAIMS = """
import os, time
from pathlib import Path
import numpy as np
from rates import Check, Claim, Control, Curve, Experiment, Law

X = (10, 20, 40, 80)

def measure(n, streams, slope=-1.0):
    with open(os.environ["FAULT_LOG"], "a") as log:
        log.write(f"{os.getpid()} {n} {slope} {streams[0].replicate}\\n")
    if "FAULT_MEET" in os.environ:
        meet(Path(os.environ["FAULT_MEET"]))
    time.sleep(float(os.environ.get("FAULT_PAUSE", "0")))
    rows = [s.numpy(f"at {n}").standard_normal((40, 40)) for s in streams]
    # The bits depend on the number of threads of the BLAS.
    return [n**slope * np.exp(0.1 * np.linalg.norm(a @ a.T @ a) / 40**1.5 - 0.1) for a in rows]

def meet(folder):
    (folder / str(os.getpid())).touch()
    deadline = time.monotonic() + 60
    while len(list(folder.iterdir())) < 2 and time.monotonic() < deadline:
        time.sleep(0.005)

CLAIMS = tuple(
    Claim(name=name, statement="y falls like 1/n.", law=Law.power("n", "-1"),
          experiment=Experiment(measure, X, block=2), curve=Curve(lambda n, slope=-1.0: 1.1 * n**slope),
          checks=(Check("experiment-law", "slope", 0.1),),
          controls=tuple(Control(str(s), {"slope": s}, "experiment-law", "slope") for s in (-0.5, -2.0, 0.0)))
    for name in ("one", "two")
)
"""

DRIVER = """
import json, os, random, resource, signal, sys, time
from pathlib import Path
from rates.check import check
from rates.engines import EngineError
from rates.report import to_json
from rates.store import StoreError
from rates.sweep import Interrupted

def once(store, engine, out):
    run = check("fault_file.py", engine_name=engine, jobs=2, store=store)
    Path(out).write_text(json.dumps(to_json(run)))

def lines():
    log = Path(os.environ["FAULT_LOG"])
    return len(log.read_text().splitlines()) if log.exists() else 0

def killed(store, most, seed, moments):
    "Check again and again, and be killed after a few calls and a few milliseconds more."
    draw = random.Random(int(seed))
    for moment in range(int(moments)):
        enough = lines() + draw.randint(1, int(most))
        child = os.fork()
        if child == 0:
            once(store, "serial" if moment % 4 else "processes", os.devnull)
            os._exit(0)
        while lines() < enough:
            if os.waitpid(child, os.WNOHANG)[0]:
                sys.exit(f"ended before it was killed, moment {moment}")
            time.sleep(0.001)
        time.sleep(draw.uniform(0, 0.03))
        os.kill(child, signal.SIGKILL)
        assert os.waitpid(child, 0)[1] == signal.SIGKILL

if __name__ == "__main__":
    if "FAULT_QUOTA" in os.environ:
        resource.setrlimit(resource.RLIMIT_FSIZE, [int(os.environ["FAULT_QUOTA"])] * 2)
    try:
        {"once": once, "killed": killed}[sys.argv[1]](*sys.argv[2:])
    except (StoreError, EngineError, Interrupted) as error:
        sys.exit(str(error))
"""


class Place:
    """A folder with the claims and the program; each program writes down its calls in a log of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "fault_file.py").write_text(CLAIMS)
        (folder / "drive.py").write_text(DRIVER)

    def start(self, *words: str, log: str = "calls", pause: float = 0.0, **variables: str) -> subprocess.Popen[str]:
        given = {"FAULT_LOG": str(self.folder / log), "FAULT_PAUSE": str(pause), **variables}
        command = [sys.executable, str(self.folder / "drive.py"), *words]
        return subprocess.Popen(command, cwd=self.folder, env=os.environ | given, stderr=subprocess.PIPE, text=True,
                                start_new_session=True)  # fmt: skip

    def once(self, store: str, out: str, engine: str = "serial", **more: Any) -> str:
        """Check to the end and return what was said on stderr."""
        return finish(self.start("once", store, engine, out, **more))

    def calls(self, log: str = "calls") -> list[str]:
        path = self.folder / log
        return path.read_text().splitlines() if path.exists() else []

    def document(self, name: str) -> dict[str, Any]:
        """Return the document of a run, all but when, how long and where it ran."""
        document = json.loads((self.folder / name).read_text())
        return _timeless(document)

    def kept(self, store: str) -> dict[tuple[Any, ...], bytes]:
        """Return the measurements of a store by key and replicate, as bytes."""
        connection = sqlite3.connect(f"file:{self.folder / store}?mode=ro", uri=True)
        try:
            rows = connection.execute(
                'SELECT claim, "case", variant, kind, x, seed, fingerprint, replicate, data FROM cell'
                " JOIN measurement ON cell = id"
            ).fetchall()
        finally:
            connection.close()
        found = {tuple(row[:-1]): row[-1] for row in rows}
        assert len(found) == len(rows)
        return found


def _timeless(value: Any) -> Any:
    if isinstance(value, dict):
        return {n: _timeless(v) for n, v in value.items() if n not in ("seconds", "environment", "history", "created")}
    return [_timeless(v) for v in value] if isinstance(value, list) else value


def finish(process: subprocess.Popen[str]) -> str:
    return process.communicate(timeout=120)[1]


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)


def default_inside_terminable() -> bool:
    """Return whether SIGTERM still ends this process where a check is under way."""
    from rates.interrupt import terminable

    with terminable():
        return signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
