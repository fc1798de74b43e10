"""`rates.compare`: from two names, of revisions, run folders or files, to what changed between them."""

from __future__ import annotations

import os
import shlex
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rates.compare.changes import Changes, CompareError, GitError
from rates.compare.child import Known, Request, Tree, ask, measure, readable_store
from rates.compare.revisions import Repository
from rates.compare.sides import Side, of_folder, of_json, of_run
from rates.compare.whole import Rules, compare_sides
from rates.plan import Options
from rates.result import Run
from rates.settings import DEFAULT_STORE, load

HERE = "."
Given = str | os.PathLike[str] | Run
Say = Callable[[str], None] | None


@dataclass(frozen=True)
class _Revision:
    """A side that is still to be measured: a commit, or the working tree as it is (None)."""

    name: str
    commit: str | None
    repository: Repository | None


def compare(
    base: Given,
    head: Given = HERE,
    targets: str | Sequence[str] = (),
    *,
    rules: Rules | None = None,
    profile: str | None = None,
    seed: int | None = None,
    device: str | None = None,
    jobs: int | None = None,
    store: str | os.PathLike[str] = DEFAULT_STORE,
    out: str | os.PathLike[str] | None = None,
    say: Say = None,
) -> Changes:
    """Return what changed between two sides in the claims that `targets` name (all of them by default).

    A side is a git revision, `.` for the working tree, a run folder, a file written by `--json`, or a `Run`. Revisions
    are checked out aside and measured by this Python with the code and the claims of that commit, at one profile, seed
    and device, those of the other side if it was measured before; what the store has of unchanged code is not measured
    again. `out` keeps both run folders. CompareError carries one sentence.
    """
    start = time.perf_counter()
    wanted = (targets,) if isinstance(targets, str) else tuple(targets)
    rules = rules or Rules()
    sides: list[Side | _Revision] = [_found(base), _head(head, base)]
    stored = [side for side in sides if isinstance(side, Side)]
    options = _options(stored, profile, seed, device)
    asked = wanted
    if not wanted and len(stored) == 1:
        asked = stored[0].claims
    request = Request(
        _relative(asked, _shared(sides)),
        options.profile,
        options.seed,
        options.device,
        jobs,
        Path(store).absolute(),
        load(),
    )
    with _kept(out) as folder, ExitStack() as trees:
        placed = [side if isinstance(side, Side) else trees.enter_context(_on_disk(side)) for side in sides]
        known = _known(placed, request.targets, required=bool(wanted))
        if not wanted:
            _require_files(sides, known)
        both = [
            side if isinstance(side, Side) else _measured(side, request, it, folder / which, _telling(say, which))
            for side, it, which in zip(placed, known, ("base", "head"), strict=True)
        ]
    found = compare_sides(both[0].only(wanted), both[1].only(wanted), rules)
    return replace(found, seconds=time.perf_counter() - start)


def is_measured(name: str) -> bool:
    """Return whether a name is that of a run folder or of a file, and not of code."""
    return Path(name).is_file() or (Path(name) / "results.json").is_file()


def _found(given: Given) -> Side | _Revision:
    """Return the side that a name stands for: what is on disk first, then a revision."""
    if isinstance(given, Run):
        return of_run(given, "a run in memory")
    text = os.fspath(given)
    path = Path(text)
    if (path / "results.json").is_file():
        return of_folder(path)
    if path.is_file():
        return of_json(path)
    here = Path.cwd()
    if text == HERE:
        with suppress(GitError):  # what stands there can be measured all the same
            return _Revision("the working tree", None, Repository.around(here))
        return _Revision("the working tree", None, None)
    if path.is_dir():
        raise CompareError(f"there is no results.json in {text}: give the folder of a run, or {HERE} for the code here")
    repository = Repository.around(here)
    if repository is None:
        raise CompareError(f"{text} is no file or folder, and {here.name or here} is in no git repository")
    commit = repository.commit(text)
    if commit is None:
        raise CompareError(f"{text} is neither a revision of this repository nor a run folder or file")
    return _Revision(text, commit, repository)


def _head(given: Given, base: Given) -> Side | _Revision:
    """Return the second side; CompareError, with what to type, also where a claim stands in its place."""
    try:
        return _found(given)
    except CompareError as error:
        if isinstance(error, GitError) or isinstance(given, Run) or isinstance(base, Run):
            raise
        text = os.fspath(given)
        if is_measured(text) and not text.endswith(".py"):
            raise
        told = f"claims come after HEAD: rates compare {os.fspath(base)} {HERE} {text}"
        raise CompareError(f"{error}; {told}") from error


def _options(stored: Sequence[Side], profile: str | None, seed: int | None, device: str | None) -> Options:
    """Return how both sides are measured: as asked for, else as the side that was measured before."""
    asked: dict[str, Any] = {"profile": profile, "seed": seed, "device": device}
    known = {name: value for name, value in asked.items() if value is not None}
    for side in stored:
        for name, value in known.items():
            if side.document[name] != value:
                told = f"{side.name} has the {name} {side.document[name]}, which is fixed: leave the option out"
                raise CompareError(f"--{name} {value}: {told}")
    if len(stored) == 1:
        known = {name: stored[0].document[name] for name in asked}
    return Options(**known)


@contextmanager
def _on_disk(side: _Revision) -> Iterator[Tree]:
    """Yield a revision checked out aside, or the working tree where it is."""
    repository = side.repository
    if repository is None:
        yield Tree(side.name, Path.cwd())
    elif side.commit is None:
        yield Tree(side.name, repository.top, repository.inside, repository.commit("HEAD"), repository.dirty)
    else:
        with repository.checked_out(side.commit) as top:
            yield Tree(side.name, top, repository.inside, side.commit, False)


def _known(sides: Sequence[Side | Tree], targets: tuple[str, ...], *, required: bool) -> list[Known]:
    """Return what each side has of the targets; CompareError, if they are required, for one that neither has."""
    known = [ask(side, targets) if isinstance(side, Tree) else _listed(side, targets) for side in sides]
    nowhere = [target for target in targets if all(target in it.unknown for it in known)]
    if required and nowhere:
        raise CompareError(f"{known[1].unknown[nowhere[0]]}, neither in base nor in head")
    return known


def _listed(side: Side, targets: tuple[str, ...]) -> Known:
    found = tuple(target for target in targets if side.only((target,)).claims)
    return Known(found, {target: f"there is no claim {target}" for target in targets if target not in found})


def _measured(tree: Tree, request: Request, known: Known, out: Path, say: Say) -> Side:
    if request.targets and not known.targets:
        where = {"commit": tree.commit, "dirty": tree.dirty}
        nothing: dict[str, Any] = {"claims": {}, "results": [], "catalogue": {}, "environment": where}
        return Side(tree.name, nothing | {n: getattr(request, n) for n in ("profile", "seed", "device")})
    store = readable_store(request.store, known.schema)
    return measure(tree, replace(request, targets=known.targets, store=store), out, say)


def _require_files(sides: Sequence[Side | _Revision], known: Sequence[Known]) -> None:
    """Raise CompareError where the code is asked for a claim of somebody's file, which no name but the file's finds."""
    typed = [HERE if isinstance(side, _Revision) and side.commit is None else side.name for side in sides]
    for side in sides:
        for row in side.document["results"] if isinstance(side, Side) else ():
            claim, command = row["claim"], row["reproduce"]
            target = shlex.split(command)[2] if command.startswith("rates check ") else ""  # else defined in memory
            file, extension, _ = target.rpartition(".py:")
            if extension and any(claim in it.unknown for it in known):
                told = f"name its file, rates compare {' '.join(typed)} {file}.py"
                raise CompareError(f"the claim {claim} of {side.name} is in no catalogue: {told}")


def _shared(sides: Sequence[Side | _Revision]) -> Path | None:
    """Return the top of the repository of which a revision is a side, None where none is."""
    tops = [it.repository.top for it in sides if isinstance(it, _Revision) and it.commit and it.repository]
    return tops[0].resolve() if tops else None


def _relative(targets: Sequence[str], top: Path | None) -> tuple[str, ...]:
    """Return targets as another working tree can read them: files relative to where the command is given.

    CompareError for a file outside of `top`, of which every revision would read the same copy.
    """
    here = Path.cwd().resolve()
    found = []
    for target in targets:
        file, extension, name = target.rpartition(".py")
        path = Path(f"{file}{extension}")
        if extension and name[:1] in ("", ":") and (path.is_absolute() or ".." in path.parts):
            placed = path.parent.resolve() / path.name  # a link keeps its own name, which is that of its claims
            if top is not None and not placed.resolve().is_relative_to(top):
                told = "both sides would be one file; give a file of the repository"
                raise CompareError(f"{path} lies outside of this repository: {told}")
            target = f"{os.path.relpath(placed, here)}{name}"
        found.append(target)
    return tuple(found)


@contextmanager
def _kept(out: str | os.PathLike[str] | None) -> Iterator[Path]:
    """Yield the absolute folder of both runs, a temporary one unless told."""
    if out is not None:
        yield Path(out).absolute()
        return
    with tempfile.TemporaryDirectory(prefix="rates-compare-") as folder:
        yield Path(folder)


def _telling(say: Say, which: str) -> Say:
    """Return what passes on the lines of a side, None where a terminal can show its progress bar instead."""
    if say is None and sys.stderr.isatty():
        return None
    told = say or (lambda line: print(line, file=sys.stderr, flush=True))
    return lambda line: told(f"{which}: {line}")
