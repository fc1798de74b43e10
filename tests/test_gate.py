"""The gate for any CI: the workflow is well formed, and the shell script runs for real, with a stand-in `rates`."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import typer.main

from rates.cli import app

ROOT = Path(__file__).parent.parent
GATE, WORKFLOW, MANUAL = ROOT / "examples/gate.sh", ROOT / ".github/workflows/rates.yml", ROOT / "docs/ci.md"

STAND_IN = """#!/bin/sh
echo "$@" >> "$RATES_LOG"
command=$1
while [ $# -gt 0 ]; do
    case $1 in
        --out) mkdir -p "$2" && echo "the report" > "$2/report.md" && echo "<testsuites/>" > "$2/junit.xml" ;;
        --markdown) echo "the comparison" > "$2" ;;
    esac
    shift
done
if [ "$command" = check ]; then exit "$CHECK_CODE"; fi
exit "$COMPARE_CODE"
"""


@dataclass(frozen=True)
class Bed:
    """A repository in which the gate is run, with a `rates` that only notes what it was asked."""

    folder: Path
    environment: dict[str, str]

    def git(self, *words: str, folder: Path | None = None) -> str:
        identity = ["-c", "user.name=A", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"]
        done = subprocess.run(["git", *identity, *words], cwd=folder or self.folder, env=self.environment,
                              capture_output=True, text=True, check=True)  # fmt: skip
        return done.stdout.strip()

    def commit(self, message: str) -> str:
        self.git("commit", "--quiet", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD")

    def gate(
        self, *words: str, check: int = 0, compare: int = 0, folder: Path | None = None, **more: str
    ) -> subprocess.CompletedProcess[str]:
        codes = {"CHECK_CODE": str(check), "COMPARE_CODE": str(compare)}
        return subprocess.run([GATE, *words], cwd=folder or self.folder, env=self.environment | codes | more,
                              capture_output=True, text=True, check=False, timeout=60)  # fmt: skip

    def asked(self) -> list[str]:
        """What the stand-in was asked since the last call."""
        log = Path(self.environment["RATES_LOG"])
        lines = log.read_text().splitlines() if log.exists() else []
        log.unlink(missing_ok=True)
        return lines


@pytest.fixture
def bed(tmp_path: Path) -> Bed:
    """Return a repository whose branch `main` has one commit, the one that is checked out."""
    stand_in = tmp_path / "bin" / "rates"
    stand_in.parent.mkdir()
    stand_in.write_text(STAND_IN)
    stand_in.chmod(0o755)
    folder = tmp_path / "project"
    folder.mkdir()
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "RATES_"))}
    environment = inherited | {
        "PATH": f"{stand_in.parent}{os.pathsep}{inherited['PATH']}", "RATES_LOG": str(tmp_path / "log"),
        "RATES_BASE": "main", "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull,
    }  # fmt: skip
    made = Bed(folder, environment)
    made.git("init", "--quiet", "--initial-branch", "main")
    made.commit("first")
    return made


@pytest.fixture
def change(bed: Bed) -> str:
    """Check a branch with one change out, after which `main` went on; return the merge base."""
    base = bed.git("rev-parse", "HEAD")
    bed.git("checkout", "--quiet", "-b", "change")
    bed.commit("change")
    bed.git("checkout", "--quiet", "main")
    bed.commit("main went on")
    bed.git("checkout", "--quiet", "change")
    return base


TABLE = {  # check: what the gate says for compare 0, 1, 2, 3
    0: (0, 1, 2, 3), 1: (1, 1, 2, 1), 2: (2, 2, 2, 2), 3: (3, 1, 2, 3), 4: (4, 1, 2, 4), 130: (2, 2, 2, 2),
}  # fmt: skip


@pytest.mark.parametrize("check", TABLE)
def test_the_worse_of_the_two_decides(bed, change, check):
    codes = tuple(bed.gate(check=check, compare=compare).returncode for compare in range(4))
    assert codes == TABLE[check]


def test_both_are_asked_about_the_same(bed, change):
    done = bed.gate("ntk", "my claims.py", RATES_PROFILE="ci", RATES_SEED="7", RATES_OUT="build/rates")
    assert done.returncode == 0, done.stderr
    assert bed.asked() == [
        "check ntk my claims.py --profile ci --seed 7 --out build/rates",
        f"compare {change} . ntk my claims.py --profile ci --seed 7"
        " --markdown build/rates/compare.md --json build/rates/compare.json",
    ]
    summary = (bed.folder / "build/rates/gate.md").read_text()
    assert summary.splitlines() == ["# Rates: check 0, compare 0, gate 0", "", "the comparison", "", "the report"]


def test_a_command_that_is_not_there_is_an_error_and_an_old_report_does_not_speak(bed, change):
    assert bed.gate().returncode == 0
    (Path(bed.environment["PATH"].split(os.pathsep)[0]) / "rates").unlink()
    bare = {"PATH": os.pathsep.join(d for d in bed.environment["PATH"].split(os.pathsep) if not rates_in(d))}
    done = bed.gate(**bare)
    assert done.returncode == 2
    assert not (bed.folder / "reports/latest/report.md").exists()
    assert (bed.folder / "reports/latest/gate.md").read_text() == "# Rates: check 127, compare 127, gate 2\n"


def rates_in(folder: str) -> bool:
    return (Path(folder) / "rates").exists()


def test_at_the_first_commit_the_check_decides_alone(bed):
    for base in ("main", "origin/main"):  # without a remote, too
        done = bed.gate(check=3, compare=1, RATES_BASE=base)
        assert done.returncode == 3
        assert [line.split()[0] for line in bed.asked()] == ["check"]
        assert f"Nothing to compare with: no commit before HEAD is on {base}." in done.stderr
    assert "Nothing to compare with" in (bed.folder / "reports/latest/gate.md").read_text()


def test_a_branch_without_a_common_commit_is_checked_alone(bed):
    bed.git("checkout", "--quiet", "--orphan", "other")
    bed.commit("another beginning")
    bed.commit("and a second")
    assert bed.gate(compare=1).returncode == 0
    assert [line.split()[0] for line in bed.asked()] == ["check"]


def test_on_the_branch_itself_the_commit_before_is_the_base(bed):
    first = bed.git("rev-parse", "HEAD")
    bed.commit("second")
    assert bed.gate(compare=1).returncode == 1
    assert bed.asked()[1].startswith(f"compare {first} . ")


def test_a_push_of_several_commits_is_compared_with_what_was_there_before_it(bed):
    first = bed.git("rev-parse", "HEAD")
    second = bed.commit("second")
    bed.commit("third")
    for before, base in ((first, first), ("", second), ("0" * 40, second)):  # the last: a branch that is new
        assert bed.gate(compare=1, RATES_BEFORE=before).returncode == 1
        assert bed.asked()[1].startswith(f"compare {base} . ")


def test_what_was_there_before_a_forced_push_counts_even_off_the_branch(bed, change):
    elsewhere = bed.git("rev-parse", "main")
    assert bed.gate(RATES_BEFORE=elsewhere).returncode == 0
    assert bed.asked()[1].startswith(f"compare {elsewhere} . ")


def test_a_revision_from_before_the_push_that_is_not_here_is_said_and_replaced_by_the_merge_base(bed, change):
    done = bed.gate(RATES_BEFORE="1234567" * 5)
    assert done.returncode == 0
    assert "is not here: the merge base takes its place" in done.stderr
    assert bed.asked()[1].startswith(f"compare {change} . ")


def test_a_base_that_is_not_there_is_an_error_that_says_what_to_do(bed, change):
    done = bed.gate(RATES_BASE="origin/main")
    assert done.returncode == 2
    assert "there is no origin/main here: fetch it, or name the branch that the change goes to" in done.stderr


@pytest.mark.parametrize("branch", ["change", "main"])
def test_a_shallow_clone_is_an_error_that_says_what_to_do(bed, change, branch, tmp_path):
    clone = tmp_path / "clone"
    words = ["--quiet", "--depth", "1", "--no-single-branch", "--branch", branch]
    bed.git("clone", *words, bed.folder.as_uri(), str(clone))
    done = bed.gate(folder=clone, RATES_BASE="origin/main")
    assert done.returncode == 2
    assert "this is a shallow clone without the merge base: git fetch --unshallow" in done.stderr
    bed.git("fetch", "--quiet", "--unshallow", folder=clone)
    assert bed.gate(folder=clone, RATES_BASE="origin/main").returncode == 0
    assert bed.asked()[-1].startswith(f"compare {change} . ")


def test_outside_of_a_repository_nothing_passes(bed, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    done = bed.gate(folder=empty, GIT_CEILING_DIRECTORIES=str(tmp_path))
    assert done.returncode == 2
    assert "git cannot read this repository" in done.stderr


def test_the_script_is_executable_and_portable():
    assert GATE.stat().st_mode & stat.S_IXUSR
    for shell in ("bash", "dash"):
        if shutil.which(shell):
            subprocess.run([shell, "-n", GATE], check=True)
    if shutil.which("shellcheck"):
        subprocess.run(["shellcheck", GATE], check=True)


@pytest.fixture(scope="module")
def workflow() -> dict[Any, Any]:
    yaml = pytest.importorskip("yaml")
    loaded: dict[Any, Any] = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))
    return loaded


def steps(workflow: dict[Any, Any]) -> Iterator[dict[str, Any]]:
    return (step for job in workflow["jobs"].values() for step in job["steps"])


def test_the_scripts_of_the_workflow_are_shell(workflow):
    scripts = [step["run"] for step in steps(workflow) if "run" in step]
    assert len(scripts) >= 6
    for script in scripts:
        subprocess.run(["bash", "-n"], input=script, text=True, check=True)
        assert "${{" not in script  # what somebody named a branch is not to be run: it comes by the environment


def test_actions_are_pinned_and_may_only_read(workflow):
    used = [step["uses"] for step in steps(workflow) if "uses" in step]
    assert all(re.fullmatch(r"actions/[a-z-]+@v\d+", name) for name in used)
    assert workflow["permissions"] == {"contents": "read"}
    assert all("permissions" not in job for job in workflow["jobs"].values())


def test_a_pull_request_has_the_history_and_the_night_has_its_own_seed(workflow):
    events = workflow[True]  # `on` is a word for true in YAML 1.1
    assert {"pull_request", "schedule"} <= set(events)
    gate, nightly = workflow["jobs"]["gate"], workflow["jobs"]["nightly"]
    assert next(s for s in gate["steps"] if "checkout" in s.get("uses", ""))["with"]["fetch-depth"] == 0
    assert [s["run"] for s in gate["steps"] if s.get("run", "").endswith("gate.sh")] == ["examples/gate.sh"]
    [gated] = [s for s in gate["steps"] if s.get("run") == "examples/gate.sh"]
    assert gated["env"]["RATES_BEFORE"] == "${{ github.event_name == 'push' && github.event.before || '' }}"
    assert (ROOT / "examples/gate.sh").is_file()
    night = next(s for s in nightly["steps"] if "rates check" in s.get("run", ""))
    assert night["env"] == {"SEED": "${{ github.run_id }}"}
    assert "--family-level" in night["run"]
    for job in (gate, nightly):
        assert job["strategy"]["matrix"]["python"] == ["3.11", "3.12", "3.13"]
        assert job["timeout-minutes"] > 0


@pytest.mark.parametrize("file", [GATE, WORKFLOW, MANUAL], ids=lambda file: file.name)
def test_the_commands_and_options_that_are_written_down_exist(file):
    text = re.sub(r"\\\n\s*", " ", file.read_text(encoding="utf-8"))
    commands = typer.main.get_command(app).commands
    found = re.findall(r"(?:^|\s|`)rates (check|compare|show|list|report)\b([^\n`#|]*)", text)
    assert {name for name, _ in found} & {"check", "compare"}
    for name, words in found:
        known = {option for parameter in commands[name].params for option in parameter.opts}
        assert set(re.findall(r"--[a-z][a-z-]*", words)) <= known


def test_the_options_of_pytest_are_all_in_the_manual():
    offered = set(re.findall(r'"(--rates[a-z-]*)"', (ROOT / "rates/pytest_plugin.py").read_text(encoding="utf-8")))
    assert len(offered) >= 6
    assert set(re.findall(r"--rates[a-z-]*", MANUAL.read_text(encoding="utf-8"))) == offered
