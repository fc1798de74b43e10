"""`rates compare` on commits of this project: what changes nothing, and sabotages too small for a verdict."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.workflow
ROOT = Path(__file__).parents[2]
CLAIM = "ntk/averaged_sgd:minimax-rate"
GIT = ("git", "-c", "user.name=somebody", "-c", "user.email=somebody@example.org", "-c", "core.hooksPath=/dev/null")
# What is changed, in which file, and into what.
SABOTAGES = {
    "a comment": ("dltheory/ntk/circle_sgd.py", "import numba\n", "import numba  # compiles\n"),
    "an average that starts one iterate late": ("dltheory/ntk/kernel_sgd.py", "(sgd.horizon + 1)", "sgd.horizon"),
    "sums in single precision": (
        "dltheory/ntk/circle_sgd.py", "sums = np.zeros((len(theta), 2, scale.size))",
        "sums = np.zeros((len(theta), 2, scale.size), dtype=np.float32)",
    ),
    "a ridge that falls a little more slowly": (
        "dltheory/ntk/schedule.py", "ridge = scale * horizon ** (-beta / (2 * r * beta + 1))",
        "ridge = scale * horizon ** (-beta / (2 * r * beta + 1)) * (horizon / 2048) ** 0.05",
    ),
    "the same ridge in the simulation alone": (
        "dltheory/ntk/circle_sgd.py", "    weights = averaging_weights(sgd)",
        "    ridge = sgd.ridge * (sgd.horizon / 2048) ** 0.05\n"
        "    sgd = AveragedSGD(sgd.step_size, ridge, sgd.horizon, sgd.averaging)\n    weights = averaging_weights(sgd)",
    ),
    "draws under another name": (
        "rates/catalogue/ntk/_problems.py", 's.numpy("inputs"), s.numpy("noise")', 's.numpy("x"), s.numpy("y")',
    ),
}  # fmt: skip


def git(folder, *words):
    return subprocess.run([*GIT, "-C", str(folder), *words], capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """A repository of the files of this one as they are, with a tag for each sabotage of the first commit."""
    folder = tmp_path_factory.mktemp("compared") / "project"
    folder.mkdir()
    listed = git(ROOT, "ls-files", "--cached", "--others", "--exclude-standard").splitlines()
    for name in listed:
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "-m", "first")
    git(folder, "tag", "first")
    for name, (file, old, new) in SABOTAGES.items():
        git(folder, "checkout", "--quiet", "first")
        text = (folder / file).read_text()
        assert old in text, f"{name}: {file} has changed"
        (folder / file).write_text(text.replace(old, new))
        git(folder, "commit", "--quiet", "--all", "-m", name)
        git(folder, "tag", name.replace(" ", "-"))
    git(folder, "checkout", "--quiet", "first")
    return folder


def compare(clone, head, *words, base="first"):
    """Run the command in the clone; return exit code, document and seconds."""
    target = clone.parent / f"{head}.json"
    start = time.monotonic()
    answer = subprocess.run(
        [sys.executable, "-m", "rates", "compare", base, head.replace(" ", "-"), *words, "--json", str(target),
         "--markdown", str(target.with_suffix(".md"))],
        cwd=clone, capture_output=True, text=True, check=False,
    )  # fmt: skip
    seconds = time.monotonic() - start
    print(f"\n{head}: exit {answer.returncode} in {seconds:.0f} s\n{answer.stdout}")
    assert answer.returncode != 2, answer.stderr
    return answer.returncode, json.loads(target.read_text()), seconds


def found(document, quantity):
    return [row for row in document["rows"] if row["quantity"] == quantity]


def test_a_commit_that_changes_nothing_is_unchanged_and_is_not_measured_again(clone):
    code, document, first = compare(clone, "a comment", CLAIM)
    assert (code, document["family"]) == (0, 0)
    assert [row["identical"] for row in found(document, "values")] == [True, True, True]
    _, _, second = compare(clone, "a comment", CLAIM)
    print(f"measured once: {first:.0f} s, from the store: {second:.0f} s")


def test_an_average_that_starts_one_iterate_late_is_found(clone):
    code, document, _ = compare(clone, "an average that starts one iterate late", CLAIM)
    assert code == 1
    assert document["claims"] == {CLAIM: "regressed"}
    assert {row["change"] for row in found(document, "outcome")} == {"unchanged"}  # no check notices
    for row in found(document, "slope") + found(document, "level"):
        assert row["change"] == "regressed"
        assert abs(row["difference"]) < row["tolerance"] / 4


def test_sums_in_single_precision_are_found(clone):
    code, document, _ = compare(clone, "sums in single precision", CLAIM)
    assert code == 3
    assert {row["change"] for row in found(document, "outcome")} == {"unchanged"}
    rows = found(document, "values")
    assert {row["change"] for row in rows} == {"inconclusive"}
    assert all(1e-6 < row["difference"] < 1e-3 and "the same draws give other numbers" in row["reason"] for row in rows)
    assert {row["change"] for row in found(document, "slope") + found(document, "level")} == {"unchanged"}
    assert compare(clone, "sums in single precision", CLAIM, "--rounding", "0.001")[0] == 0


@pytest.mark.parametrize("name", ["a ridge that falls a little more slowly", "the same ridge in the simulation alone"])
def test_a_slope_change_of_002_is_found_on_a_real_claim(clone, name):
    code, document, _ = compare(clone, name, CLAIM)
    assert code == 1
    slopes = found(document, "slope")
    assert len(slopes) == 3
    for row in slopes:
        assert row["change"] == "regressed"
        assert 0.015 < row["difference"] < 0.04
        assert row["interval"][0] > 0
        assert row["correlation"] > 0.95
        assert row["p_value"] < 1e-20


def test_draws_under_another_name_are_not_red(clone):
    code, document, _ = compare(clone, "draws under another name", CLAIM)
    assert code in (0, 3)
    assert "regressed" not in document["claims"].values()
    assert all(abs(row["correlation"]) < 0.5 for row in found(document, "slope"))


def test_the_whole_chapter_of_two_commits(clone):
    """Cold, then from the store; every claim unchanged to the last bit."""
    for _ in range(2):
        code, document, seconds = compare(clone, "a comment", "--claim", "ntk")
        assert code == 0
        print(f"the chapter ntk, {len(document['claims'])} claims: {seconds:.0f} s")
        assert set(document["claims"].values()) == {"unchanged"}
        assert all(row["identical"] for row in found(document, "values") + found(document, "curve"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_comparison_leaves_nothing_behind(clone, tmp_path, number):
    """As Ctrl-C and a cancelled job do it: a signal to the command alone, in the middle of measuring."""
    store = tmp_path / "interrupted.sqlite"
    child = subprocess.Popen(
        [sys.executable, "-m", "rates", "compare", "first", "first", CLAIM, "--store", str(store)], cwd=clone,
        stderr=subprocess.PIPE, text=True, start_new_session=True, env={**os.environ, "TMPDIR": str(tmp_path)},
    )  # fmt: skip
    try:
        deadline = time.monotonic() + 120
        while not store.exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        time.sleep(3.0)
        assert len(git(clone, "worktree", "list").splitlines()) >= 2
        child.send_signal(number)
        _, said = child.communicate(timeout=120)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
    assert child.returncode == 128 + signal.SIGINT, said  # a SIGTERM is taken for a Ctrl-C
    assert len(git(clone, "worktree", "list").splitlines()) == 1
    assert list(tmp_path.glob("rates-compare-*")) == []


def test_the_working_tree_and_a_folder_inside_of_it(clone):
    """The head is the working tree unless told, and files are read from where the command is given."""
    file = clone / "examples/my_claim.py"
    text = file.read_text()
    file.write_text(text.replace("step=0.1", "step=0.11"))
    try:
        answer = subprocess.run(
            [sys.executable, "-m", "rates", "compare", "first", ".", "my_claim.py", "--json", "-"],
            cwd=clone / "examples", capture_output=True, text=True, check=False,
        )  # fmt: skip
    finally:
        file.write_text(text)
    document = json.loads(answer.stdout)
    print(answer.stderr)
    assert answer.returncode == 1
    assert document["head"]["dirty"]
    assert document["base"]["commit"] == git(clone, "rev-parse", "first")
    [level] = found(document, "level")
    assert level["change"] == "regressed"
