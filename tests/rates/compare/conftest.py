"""A repository of somebody's claims, whose solver changes from commit to commit."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

CLAIMS = """import sys
sys.path.insert(0, {tests!r})
from tiny_claims import X, PILOT, flat
from rates import Check, Claim, Control, Experiment, Law, Margin
import solver

TINY = Claim(
    name="tiny", statement="y falls like 1/x.", law=Law.power("x", "-1"),
    experiment=Experiment(solver.measure, X, pilot=PILOT), checks=(Check("experiment-law", "slope", Margin(0.1)),),
)
CLAIMS = (TINY,)
"""
SOLVER = """import numpy as np

def measure(x, streams):
    noise = np.array([s.numpy(f"{purpose} at {{x}}").standard_normal() for s in streams])
    return {scale} * x**{slope} * np.exp(0.1 * noise)
"""


def git(folder: Path, *words: str) -> str:
    command = ["git", "-C", str(folder), "-c", "user.name=somebody", "-c", "user.email=somebody@example.org", *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


class Project:
    """A git repository with claims in `my.py` and their algorithm in `solver.py`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        git(folder, "init", "--quiet", "--initial-branch=main")
        (folder / "my.py").write_text(CLAIMS.format(tests=str(Path(__file__).parents[1])))
        (folder / "pyproject.toml").write_text('[tool.rates]\nengine = "serial"\n')
        (folder / ".gitignore").write_text(".rates\n__pycache__\n")

    def write(self, slope: float = -1.0, scale: str = "1.0", purpose: str = "noise", comment: str = "") -> None:
        """Write the solver and leave it uncommitted."""
        text = SOLVER.format(slope=slope, scale=scale, purpose=purpose)
        (self.folder / "solver.py").write_text(text.replace("{{", "{").replace("}}", "}") + comment)

    def commit(self, name: str) -> str:
        """Commit what is there, tag it, and return the commit."""
        git(self.folder, "add", "--all")
        git(self.folder, "commit", "--quiet", "--allow-empty", "-m", name)
        git(self.folder, "tag", name)
        return git(self.folder, "rev-parse", "HEAD")

    @property
    def worktrees(self) -> int:
        """The working trees that git knows of, the first one included."""
        return len(git(self.folder, "worktree", "list").splitlines())


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Project]:
    """Return a function that makes the project in an empty folder, with one commit, and goes there."""

    def make() -> Project:
        monkeypatch.chdir(tmp_path)
        made = Project(tmp_path)
        made.write()
        made.commit("first")
        return made

    return make
