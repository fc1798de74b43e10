"""A scratch clone in which asv compares commits that are made for the purpose."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
Edit = tuple[str, str, str]  # file, what stands there once, what replaces it
_LINE = re.compile(r"^\| ([ +\-!*x]) .*\| (\S.*?) +\|$", re.MULTILINE)


@dataclass(frozen=True)
class Answer:
    """How a command ended and all that it printed."""

    code: int
    out: str

    @property
    def lines(self) -> dict[str, str]:
        """The marks in asv's table by benchmark: `+` for worse, `-` for better, a blank for neither."""
        return {name: mark for mark, name in _LINE.findall(self.out) if not name.startswith("Benchmark")}

    @property
    def changed(self) -> dict[str, str]:
        """The lines that are marked."""
        return {name: mark for name, mark in self.lines.items() if mark.strip()}


@dataclass(frozen=True)
class Clone:
    """A clone of this repository's HEAD, and a home for asv's machine file."""

    folder: Path
    home: Path

    @classmethod
    def make(cls, folder: Path) -> Clone:
        """Clone HEAD into `folder` and do what the first use of asv needs."""
        clone = cls(folder / "repository", folder / "home")
        clone.home.mkdir(parents=True)
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone.folder)], check=True)
        clone.git("checkout", "--quiet", "-B", "main")
        for name, value in {"user.name": "Nobody", "user.email": "nobody@example.org"}.items():
            clone.git("config", name, value)
        done = clone.asv("machine", "--yes")
        assert done.code == 0, done.out
        return clone

    def git(self, *words: str) -> str:
        """Run git in the clone and return what it prints."""
        answer = subprocess.run(["git", *words], cwd=self.folder, check=True, stdout=subprocess.PIPE, text=True)
        return answer.stdout.strip()

    def commit(self, branch: str, *edits: Edit, remove: str | None = None) -> None:
        """Make a branch of that name, one commit on top of main, and go back to main."""
        self.git("checkout", "--quiet", "-b", branch, "main")
        for name, old, new in edits:
            file = self.folder / name
            text = file.read_text(encoding="utf-8")
            assert text.count(old) == 1, f"{name} has {text.count(old)} times {old!r}: the proof needs a new edit"
            file.write_text(text.replace(old, new), encoding="utf-8")
        if remove is not None:
            self.git("rm", "--quiet", remove)
        self.git("commit", "--quiet", "--all", "--message", branch)
        self.git("checkout", "--quiet", "main")

    def asv(self, *words: str, seconds: float = 3600) -> Answer:
        """Run asv in the clone, as a user does who has just cloned."""
        answer = subprocess.run(
            [sys.executable, "-m", "asv", *words], cwd=self.folder, env=self._environment(), check=False,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=seconds,
        )  # fmt: skip
        return Answer(answer.returncode, answer.stdout)

    def result(self, branch: str, benchmark: str) -> Mapping[str, float | None]:
        """Return what is stored of a benchmark by parameter: None where it failed, NaN where it does not apply."""
        commit = self.git("rev-parse", branch)
        (file,) = (self.folder / ".asv/results").glob(f"*/{commit[:8]}-*.json")
        stored = json.loads(file.read_text(encoding="utf-8"))
        row = dict(zip(stored["result_columns"], stored["results"][benchmark], strict=False))
        (parameters,) = row["params"]
        found = row["result"] or [None] * len(parameters)
        return dict(zip((p.strip("'") for p in parameters), found, strict=True))

    def _environment(self) -> dict[str, str]:
        cache = os.environ.get("PIP_CACHE_DIR", str(Path.home() / ".cache" / "pip"))
        return os.environ | {"HOME": str(self.home), "PIP_CACHE_DIR": cache}
