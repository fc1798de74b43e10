"""A check of another version of the code, in a process of its own that imports that version."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field
from pathlib import Path

from rates.compare.changes import CompareError
from rates.compare.revisions import environment
from rates.compare.sides import Side, of_folder
from rates.settings import Settings
from rates.store import SCHEMA

_FINISHED = range(5)  # exit codes of a check that was carried out, 2 for one in which a claim is in error
_PATIENCE = 60.0  # seconds that a check gets to keep what it has measured after Ctrl-C
_ANSWER = "rates-answer: "  # what claims print themselves, before or after, is none
_PROBE = """
import importlib.util, json, sys
mark, packages, targets = json.loads(sys.argv[1])
def place(name):
    spec = importlib.util.find_spec(name)
    return spec and (spec.origin or next(iter(spec.submodule_search_locations or ()), None))
from rates.catalogue import BrokenCatalogue, UnknownClaim, find
from rates.store import SCHEMA
found, unknown = {}, {}
for target in targets:
    try:
        found[target] = [item.address for item in find([target])]
    except UnknownClaim as error:
        unknown[target] = str(error)
    except BrokenCatalogue as error:
        sys.exit(str(error))
print()
places = {name: place(name) for name in packages}
print(mark + json.dumps({"places": places, "found": found, "unknown": unknown, "schema": SCHEMA}), flush=True)
"""
# A check that a Ctrl-C ends even where the parent ignores it, and whose defaults are the parent's: [tool.rates] of each
# version would make two different runs.
_CHECK = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
import dataclasses, json
from rates import settings
given, words = json.loads(sys.argv[1])
known = {field.name for field in dataclasses.fields(settings.Settings)}
defaults = settings.Settings(**{name: value for name, value in given.items() if name in known})
settings.load = lambda folder=None: defaults
from rates.cli import main
sys.exit(main(words))
"""


@dataclass(frozen=True)
class Request:
    """What is measured, the same on both sides; `defaults` are for all that the other fields leave open."""

    targets: tuple[str, ...]
    profile: str
    seed: int
    device: str
    jobs: int | None
    store: Path
    defaults: Settings = field(default_factory=Settings)


@dataclass(frozen=True)
class Tree:
    """A version of the code on disk: its top folder, and the folder in it from which commands are given.

    `commit` is that of the version, `dirty` where files differ from it; None outside of a repository.
    """

    name: str
    top: Path
    inside: str = ""
    commit: str | None = None
    dirty: bool | None = None

    @property
    def folder(self) -> Path:
        """Where commands are given; the top where that version has no such folder."""
        here = self.top / self.inside
        return here if here.is_dir() else self.top

    @property
    def variables(self) -> dict[str, str]:
        """The environment in which this version comes before one that is installed."""
        before = [str(self.top), *(str(p) for p in [self.top / "src"] if p.is_dir())]
        path = [*before, *(p for p in [os.environ.get("PYTHONPATH")] if p)]
        return environment() | {"PYTHONPATH": os.pathsep.join(path)}


@dataclass(frozen=True)
class Known:
    """What a version knows: targets, the sentence for each that it has not, and the newest store that it reads."""

    targets: tuple[str, ...]
    unknown: Mapping[str, str] = field(default_factory=dict)
    schema: int = SCHEMA


def ask(tree: Tree, targets: Sequence[str]) -> Known:
    """Return which of the targets a version has.

    CompareError where its packages would be imported from elsewhere, or its claims cannot be imported.
    """
    packages = sorted({p.parent.name for base in (tree.top, tree.top / "src") for p in base.glob("*/__init__.py")})
    command = [sys.executable, "-c", _PROBE, json.dumps([_ANSWER, packages, list(targets)])]
    answer = subprocess.run(
        command, cwd=tree.folder, env=tree.variables, capture_output=True, text=True, check=False,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    if answer.returncode:
        raise CompareError(f"the claims of {tree.name} cannot be listed: {_last(answer.stderr)}")
    marked = [line for line in answer.stdout.splitlines() if line.startswith(_ANSWER)]
    if not marked:
        raise CompareError(f"the claims of {tree.name} cannot be listed: their import ended Python before it answered")
    told = json.loads(marked[-1].removeprefix(_ANSWER))
    require_own(tree, told["places"])
    return Known(tuple(told["found"]), told["unknown"], told["schema"])


def readable_store(store: Path, schema: int) -> Path:
    """Return the store if a version reads it, else one beside it for versions that read up to that schema only."""
    if not store.is_file():
        return store
    try:
        with closing(sqlite3.connect(f"{store.as_uri()}?mode=ro", uri=True)) as kept:
            there = int(kept.execute("PRAGMA user_version").fetchone()[0])
    except sqlite3.Error:
        return store  # the check itself says what is wrong with it
    return store if there <= schema else store.with_name(f"{store.stem}-schema{schema}{store.suffix}")


def require_own(tree: Tree, places: dict[str, str | None]) -> None:
    """Raise CompareError unless every package of a version is imported from its own folder."""
    top = tree.top.resolve()
    for name, place in places.items():
        if place is None or not Path(place).resolve().is_relative_to(top):
            raise CompareError(
                f"{tree.name} has the package {name}, but Python would import {place or 'nothing'} in its place:"
                " the comparison would be of one version with itself"
            )


def measure(tree: Tree, request: Request, out: Path, say: Callable[[str], None] | None) -> Side:
    """Check the targets in a child process and return its run folder as a side.

    Its progress goes to `say` line by line, or (None) to the terminal as it is. CompareError unless it was carried out.
    """
    results = out / "results.json"
    results.unlink(missing_ok=True)  # an earlier comparison's is not what this one measures
    words = [
        "check", *request.targets, "--no-controls", "--profile", request.profile,
        "--seed", str(request.seed), "--device", request.device, "--out", str(out), "--store", str(request.store),
    ]  # fmt: skip
    words += [] if request.jobs is None else ["--jobs", str(request.jobs)]
    given = json.dumps([asdict(request.defaults), words])
    code, last = _watched([sys.executable, "-c", _CHECK, given], tree, say)
    if code in (128 + signal.SIGINT, -signal.SIGINT):
        raise KeyboardInterrupt
    if code not in _FINISHED or not results.is_file():
        raise CompareError(f"the check of {tree.name} failed with exit code {code}: {last.removeprefix('rates: ')}")
    side = of_folder(out, tree.name)
    known = {"commit": tree.commit, "dirty": tree.dirty}  # the engine may be installed from another repository
    return Side(tree.name, {**side.document, "environment": {**side.document["environment"], **known}}, side.values)


def _watched(words: Sequence[str], tree: Tree, say: Callable[[str], None] | None) -> tuple[int, str]:
    """Run a command, pass on what it says on stderr, and return its exit code and last line.

    It is alone in its process group, so that a Ctrl-C reaches it once, from here.
    """
    last = "its own message stands above"
    child = subprocess.Popen(
        words, cwd=tree.folder, env=tree.variables, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=None if say is None else subprocess.PIPE, text=True, encoding="utf-8", errors="replace",
        start_new_session=True,
    )  # fmt: skip
    try:
        if child.stderr is not None and say is not None:
            for line in child.stderr:
                last = line.strip() or last
                say(line.rstrip("\n"))
        return child.wait(), last
    except BaseException:
        child.send_signal(signal.SIGINT)
        try:
            child.wait(_PATIENCE)
        except BaseException:  # it does not end, or a second Ctrl-C does not wait for it
            child.kill()
            child.wait()
        raise
    finally:
        if child.stderr is not None:
            child.stderr.close()


def _last(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no reason was given"
