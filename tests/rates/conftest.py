"""Fixtures of the engine's tests: the command line in an empty folder."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from rates import catalogue
from rates.cli import main


@dataclass(frozen=True)
class Answer:
    """What a command gave back."""

    code: int
    out: str
    err: str


@pytest.fixture(autouse=True)
def forgotten(tmp_path: Path) -> Iterator[None]:
    """Forget the modules of a test's folder after it: the next test is as good as a new process."""
    yield
    catalogue._needed_beside.cache_clear()
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", None) or "").startswith(f"{tmp_path}/"):
            del sys.modules[name]


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Answer]:
    """Return a function that runs `rates` in this process and in an empty folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").touch()

    def run(*words: str) -> Answer:
        code = main(list(words))
        captured = capsys.readouterr()
        return Answer(code, captured.out, captured.err)

    return run


@pytest.fixture
def claims_file(tmp_path: Path) -> Callable[..., str]:
    """Return a function that writes a file of claims, given the expression of CLAIMS, and returns its name."""

    def write(claims: str, name: str = "my.py", functions: str = "") -> str:
        folder = str(Path(__file__).parent)
        text = (
            f"import sys\nsys.path.insert(0, {folder!r})\nfrom tiny_claims import *\n"
            f"from rates import Condition, Experiment\n{functions}CLAIMS = ({claims},)\n"
        )
        (tmp_path / name).write_text(text)
        return name

    return write
