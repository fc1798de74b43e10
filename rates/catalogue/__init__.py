"""Finding claims without a registry: by listing this folder, through entry points, or in a user's file.

The address of a claim is `<chapter>/<method>:<name>` here, `<entry point>:<name>` for an installed package
with the entry-point group `rates.catalogue`, and `<file's stem>:<name>` in a file. Such a module has a tuple `CLAIMS`,
and may have a tuple `PAGES`, whose addresses are made alike.
"""

from __future__ import annotations

import difflib
import hashlib
import importlib
import importlib.metadata
import importlib.util
import sys
import traceback
from collections.abc import Iterable, Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import ModuleType

from rates.claim import Claim
from rates.page import Page

GROUP = "rates.catalogue"


class UnknownClaim(LookupError):  # noqa: N818 (named for what it is)
    """No claim has this address; the message is one sentence that suggests the nearest."""


class BrokenCatalogue(Exception):  # noqa: N818 (named for what it is)
    """A module of claims cannot be used; the message is one sentence that names the file and the reason."""


@dataclass(frozen=True)
class Located:
    """A claim and where it was found.

    `origin` is the name of an importable module, the absolute path of a file, or empty for a claim that was
    defined in memory. `pages` are those of its module, by address; the claims that they name are addresses.
    """

    address: str
    claim: Claim
    origin: str
    pages: Mapping[str, Page] = field(default_factory=dict, repr=False, compare=False)


def methods() -> dict[str, str]:
    """Return the origin of every method, by address without a claim's name; nothing is imported."""
    found: dict[str, str] = {}
    for file in sorted(Path(__file__).parent.glob("[!_]*/[!_]*.py")):
        found[f"{file.parent.name}/{file.stem}"] = f"{__name__}.{file.parent.name}.{file.stem}"
    for entry in sorted(importlib.metadata.entry_points(group=GROUP), key=lambda e: e.name):
        if found.setdefault(entry.name, entry.module) != entry.module:
            raise BrokenCatalogue(
                f"two modules claim the address {entry.name!r}: {found[entry.name]} and {entry.module}"
            )
    return found


def find(targets: Sequence[str] = ()) -> list[Located]:
    """Return the claims that the targets name, each once and in their order; all claims for no targets.

    A target is an address `ntk/averaged_sgd:minimax-rate`, a method `ntk/averaged_sgd`, a chapter `ntk`, a file
    `my_claims.py` or `my_claims.py:name`. Only the modules that are needed are imported. UnknownClaim or
    BrokenCatalogue, with one sentence, where that does not work.
    """
    known = methods()
    found: dict[str, Located] = {}
    for item in _all(known) if not targets else [hit for target in targets for hit in _target(target, known)]:
        other = found.setdefault(item.address, item)
        if other.origin != item.origin:
            raise BrokenCatalogue(f"two claims have the address {item.address}: in {other.origin} and {item.origin}")
    return list(found.values())


def load(origin: str, address: str) -> Claim:
    """Return the claim with this address from its origin, as `find` gave them."""
    module = _module(origin)
    prefix, _, name = address.rpartition(":")
    for item in _claims(module, prefix, origin):
        if item.address == address:
            return item.claim
    raise UnknownClaim(f"{origin} has no claim {name!r}")


def _all(known: dict[str, str]) -> Iterable[Located]:
    for prefix, origin in known.items():
        module = _module(origin)
        if hasattr(module, "CLAIMS"):  # a module without is shared by its neighbours
            yield from _claims(module, prefix, origin)


def _target(target: str, known: dict[str, str]) -> list[Located]:
    file, extension, name = target.rpartition(".py:")
    if extension or target.endswith(".py"):
        path = Path(file + ".py" if extension else target)
        if not path.is_file():
            raise UnknownClaim(f"there is no file {path}")
        origin = str(path.resolve())
        items = _claims(_module(origin), path.stem, origin)
        return _named(items, f"{path.stem}:{name}", str(path), target) if extension else items
    prefix, colon, _ = target.partition(":")
    if colon and prefix in known:
        return _named(_claims(_module(known[prefix]), prefix, known[prefix]), target, prefix, target)
    inside = {p: o for p, o in known.items() if p == target or p.startswith(target.rstrip("/") + "/")}
    hits = list(_all(inside))
    if hits:
        return hits
    chapters = {p.partition("/")[0] for p in known}
    raise UnknownClaim(_suggest(target, [*known, *chapters]))


def _named(items: list[Located], address: str, prefix: str, target: str) -> list[Located]:
    hits = [item for item in items if item.address == address]
    if not hits:
        raise UnknownClaim(_suggest(target, [f"{prefix}:{item.claim.name}" for item in items]))
    return hits


def _suggest(target: str, candidates: list[str]) -> str:
    near = difflib.get_close_matches(target, candidates, n=1, cutoff=0.4)
    return f"there is no claim, method or chapter {target!r}" + (f"; did you mean {near[0]}?" if near else "")


def _claims(module: ModuleType, prefix: str, origin: str) -> list[Located]:
    claims = getattr(module, "CLAIMS", None)
    if not isinstance(claims, tuple | list) or not claims or not all(isinstance(c, Claim) for c in claims):
        raise BrokenCatalogue(f"{_shown(origin)} needs CLAIMS, a tuple of at least one Claim")
    names = [claim.name for claim in claims]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise BrokenCatalogue(f"{_shown(origin)} has two claims named {twice!r}")
    pages = {f"{prefix}:{page.name}": page for page in _pages(module, prefix, origin)}
    return [Located(f"{prefix}:{claim.name}", claim, origin, pages) for claim in claims]


def _pages(module: ModuleType, prefix: str, origin: str) -> list[Page]:
    """Return the pages of a module; BrokenCatalogue for one whose series no claim can have."""
    declared = getattr(module, "PAGES", ())
    if not isinstance(declared, tuple | list) or not all(isinstance(page, Page) for page in declared):
        raise BrokenCatalogue(f"{_shown(origin)} needs PAGES to be a tuple of Page")
    names = [page.name for page in declared]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise BrokenCatalogue(f"{_shown(origin)} has two pages named {twice!r}")
    own = {claim.name: (f"{prefix}:{claim.name}", claim) for claim in module.CLAIMS} if declared else {}
    found = []
    for page in declared:
        try:
            found.append(page.resolved({name: own.get(name) or _elsewhere(name, own) for name in page.claims}))
        except (ValueError, UnknownClaim) as error:
            raise BrokenCatalogue(f"{_shown(origin)}: {_on(page, error)}") from error
    return found


def _elsewhere(address: str, own: Iterable[str]) -> tuple[str, Claim]:
    """Return the claim of another module that a page names; UnknownClaim suggests the nearest."""
    prefix, colon, name = address.rpartition(":")
    known = methods()
    if not colon or prefix not in known:
        raise UnknownClaim(_suggest(address, [*own, *known]))
    claims = {claim.name: claim for claim in getattr(_module(known[prefix]), "CLAIMS", ())}
    if name not in claims:
        raise UnknownClaim(_suggest(address, [f"{prefix}:{known}" for known in claims]))
    return address, claims[name]


def _on(page: Page, error: Exception) -> str:
    return str(error) if isinstance(error, ValueError) else f"the page {page.name!r}: {error}"


def _module(origin: str) -> ModuleType:
    try:
        if origin.endswith(".py"):
            return _from_file(origin, Path(origin).read_bytes())
        return importlib.import_module(origin)
    except (Exception, SystemExit) as error:
        line = _line(error, origin)
        where = f" (line {line})" if line else ""
        reason = error.msg if isinstance(error, SyntaxError) else " ".join(str(error).split())
        raise BrokenCatalogue(
            f"{_shown(origin)} cannot be imported: {type(error).__name__}: {reason}{where}"
        ) from error


@lru_cache(maxsize=256)
def _from_file(origin: str, source: bytes) -> ModuleType:
    """Import a user's file, again if it has changed; what lies beside it can be imported, as for a script."""
    path = Path(origin)
    name = f"{path.stem}_{hashlib.blake2b(origin.encode(), digest_size=4).hexdigest()}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None:
        raise ImportError("not a Python file")
    if str(path.parent) not in sys.path:
        sys.path.insert(0, str(path.parent))
    beside = _beside(path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and pickle look a function's module up here
    try:
        with redirect_stdout(sys.stderr):  # what a file prints is not what the command gives back
            exec(compile(source, origin, "exec"), module.__dict__)  # not the loader: its cache can be a second old
    except BaseException:
        del sys.modules[name]
        raise
    _needed_beside().update(beside)
    return module


def _beside(path: Path) -> dict[str, Path]:
    """Return the modules beside a user's file that it needs, by name; ImportError where Python would take another one.

    Python knows one module of a name in a process, and whoever imports it second gets the first one's.
    """
    from rates.fingerprint import modules_beside  # not for a list of claims that are installed

    needed = {n: p.resolve() for n, p in modules_beside(str(path)).items() if p != path and path.parent in p.parents}
    for name, file in needed.items():
        loaded = getattr(sys.modules.get(name), "__file__", None) or file
        other = next((p for p in (_needed_beside().get(name, file), Path(loaded).resolve()) if p != file), None)
        if other is not None:
            raise ImportError(
                f"it needs the module {name} beside it, of which {_shown(str(other))} has taken the name: rename one of"
                " them, or give each of the two to a command of its own"
            )
    return needed


@lru_cache(maxsize=1)
def _needed_beside() -> dict[str, Path]:
    """Return the modules beside the users' files that this process has loaded, imported yet or not."""
    return {}


def _line(error: BaseException, origin: str) -> int | None:
    """Return the line of the file at which its import failed."""
    end = origin if origin.endswith(".py") else "/".join(origin.split(".")[-2:]) + ".py"
    frames = [(f.filename, f.lineno) for f in traceback.extract_tb(error.__traceback__)]
    if isinstance(error, SyntaxError):
        frames.append((error.filename or "", error.lineno))
    return next((line for name, line in reversed(frames) if Path(name).as_posix().endswith(Path(end).as_posix())), None)


def _shown(origin: str) -> str:
    if not origin.endswith(".py"):
        return origin
    path = Path(origin)
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else origin
