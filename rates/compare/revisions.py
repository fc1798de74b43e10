"""Git revisions as folders: found, checked out aside, and removed again whatever happens."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rates.compare.changes import CompareError, GitError
from rates.engines import interrupt_deferred

# Set where git itself calls a program, a hook for one: they would send every command back to that repository.
# What git says to is typed by whoever reads it: `git config --global --add safe.directory /home/me/project`.
_ADVICE = re.compile(r"^\s+(git config .*)$", re.MULTILINE)
_CALLERS = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR")


@dataclass(frozen=True)
class Repository:
    """A working copy: its top folder, and the place in it where the command was given, relative to the top."""

    top: Path
    inside: str

    @classmethod
    def around(cls, folder: Path) -> Repository | None:
        """Return the repository of a folder, None where there is none; GitError where git refuses the one there is."""
        answer = _git(folder, "rev-parse", "--show-toplevel", "--show-prefix")
        if answer.returncode and "not a git repository" in answer.stderr:
            return None
        if answer.returncode:
            advice = _ADVICE.search(answer.stderr)
            told = f"if you trust it, type {advice[1]}, or " if advice else ""
            raise GitError(f"git says: {_reason(answer)}; {told}give two run folders or JSON files")
        top, _, inside = answer.stdout.partition("\n")
        return cls(Path(top), inside.strip("/\n"))

    def commit(self, revision: str) -> str | None:
        """Return the commit that a revision names, None if it names none."""
        if revision.startswith("-"):
            return None
        answer = _git(self.top, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
        return answer.stdout.strip() if answer.returncode == 0 else None

    @property
    def dirty(self) -> bool:
        """Whether files differ from the commit that is checked out here."""
        return bool(_git(self.top, "--no-optional-locks", "status", "--porcelain").stdout.strip())

    @contextmanager
    def checked_out(self, commit: str) -> Iterator[Path]:
        """Yield a detached working tree of a commit in a temporary folder, which is removed afterwards.

        Hooks are not run. CompareError, with git's own reason, where git refuses.
        """
        aside = Path(tempfile.mkdtemp(prefix="rates-compare-"))
        tree = aside / "tree"
        try:
            self._require("worktree", "add", "--detach", "--quiet", str(tree), commit)
            yield tree
        finally:
            with interrupt_deferred():
                removed = _git(self.top, "worktree", "remove", "--force", str(tree)).returncode == 0
                shutil.rmtree(aside, ignore_errors=True)
                if not removed:
                    _git(self.top, "worktree", "prune")

    def _require(self, *arguments: str) -> None:
        answer = _git(self.top, "-c", f"core.hooksPath={os.devnull}", *arguments)
        if answer.returncode:
            raise CompareError(f"git cannot check the revision out: {_reason(answer)}")


def environment() -> dict[str, str]:
    """Return the environment of a child process, without what git has set for its own children."""
    return {name: value for name, value in os.environ.items() if name not in _CALLERS}


def _reason(answer: subprocess.CompletedProcess[str]) -> str:
    """Return the sentence in which git gives its reason, without the advice that may follow."""
    lines = [line.strip() for line in answer.stderr.splitlines() if line.strip()]
    first = next((line for line in lines if line.startswith(("fatal: ", "error: "))), " ".join(lines))
    return first.removeprefix("fatal: ").removeprefix("error: ") or f"exit code {answer.returncode}"


def _git(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["git", "-C", str(folder), *arguments]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False, env=environment() | {"LC_ALL": "C"})
    except FileNotFoundError:
        raise GitError("git is not installed: give two run folders or JSON files instead of revisions") from None
