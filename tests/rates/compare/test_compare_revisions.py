"""Git revisions: measured with their own code, and removed again."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile

import pytest

from rates.cli import main
from rates.compare import Change, CompareError, compare
from rates.compare.child import Known, Request, Tree, ask, measure, readable_store, require_own
from rates.compare.revisions import Repository
from rates.compare.run import _relative
from rates.settings import Settings
from rates.store import SCHEMA, Store


@pytest.fixture(autouse=True)
def aside(tmp_path_factory, monkeypatch):
    """Have temporary folders made where the test can count them."""
    folder = tmp_path_factory.mktemp("aside")
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


def leftovers(folder):
    return list(folder.glob("rates-compare-*"))


def quietly(*arguments, **options):
    said = []
    return compare(*arguments, say=said.append, **options), said


def test_every_commit_is_measured_with_its_own_code_and_can_be_kept(project, aside):
    made = project()
    made.write(slope=-0.98)
    commit = made.commit("flatter")
    changes, said = quietly("first", "flatter", "my.py", out="kept", seed=3)
    [slope] = [row for row in changes.rows if row.quantity == "slope"]
    assert (slope.change, changes.exit_code) == (Change.REGRESSED, 1)
    assert slope.difference == pytest.approx(0.02, abs=1e-9)
    assert (changes.head.name, changes.head.commit, changes.head.dirty) == ("flatter", commit, False)
    assert (made.worktrees, leftovers(aside)) == (1, [])
    assert all(line.startswith(("base: ", "head: ")) for line in said)

    made.write(slope=-0.9)
    changes, _ = quietly("kept/base", targets="my.py")
    assert (changes.head.name, changes.head.commit, changes.head.dirty) == ("the working tree", commit, True)
    assert (changes.head.seed, changes.exit_code) == (3, 1)
    with pytest.raises(CompareError, match="--seed 4: kept/base has the seed 3, which is fixed: leave the option out"):
        quietly("kept/base", targets="my.py", seed=4)


def test_code_that_did_not_change_is_not_measured_again(project):
    made = project()
    made.write(comment="# a comment\n")
    made.commit("commented")
    changes, _ = quietly("first", "commented", "my.py", store="one.sqlite")
    assert [row.identical for row in changes.rows if row.quantity == "values"] == [True]
    assert changes.exit_code == 0
    listed = subprocess.run(
        [sys.executable, "-m", "rates", "store", "info", "--store", "one.sqlite"], capture_output=True, text=True,
        check=True,
    ).stdout  # fmt: skip
    assert "1 versions of code" in listed


def test_a_claim_that_base_does_not_have_is_new(project):
    made = project()
    text = (made.folder / "my.py").read_text()
    (made.folder / "more.py").write_text(text)
    made.commit("more")
    changes, _ = quietly("first", "more", ["my.py", "more.py"])
    assert changes.claims == {"my:tiny": Change.UNCHANGED, "more:tiny": Change.NEW}
    assert changes.exit_code == 0


@pytest.mark.parametrize(
    ("base", "target", "says"),
    [
        ("nowhere", "my.py", "nowhere is neither a revision of this repository nor a run folder or file"),
        ("--all", "my.py", "--all is neither a revision"),
        ("first", "yours.py", "there is no file yours.py, neither in base nor in head"),
        ("first", "my.py:tinny", "did you mean my.py:tiny?, neither in base nor in head"),
        ("empty", "my.py", "there is no results.json in empty"),
    ],
)
def test_what_cannot_be_compared_is_one_sentence(project, base, target, says):
    made = project()
    (made.folder / "empty").mkdir()
    with pytest.raises(CompareError) as error:
        quietly(base, "first", target)
    assert says in str(error.value)
    assert made.worktrees == 1


def test_outside_of_a_repository_a_revision_is_not_found(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CompareError, match="is in no git repository"):
        quietly("HEAD~1", "HEAD")


@pytest.mark.parametrize("sides", [("HEAD", "HEAD"), ("HEAD", "."), ("run", "HEAD")])
def test_a_repository_that_git_refuses_is_one_sentence_with_what_to_do(project, monkeypatch, sides):
    made = project()
    assert main(["check", "my.py", "--out", "run", "--no-controls"]) == 0
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")  # as if somebody else owned it
    with pytest.raises(CompareError) as error:
        quietly(*sides, "my.py")
    trust = f"git config --global --add safe.directory {made.folder}"
    assert str(error.value) == (
        f"git says: detected dubious ownership in repository at '{made.folder}'; if you trust it, type {trust},"
        " or give two run folders or JSON files"
    )
    changes, _ = quietly("run", ".", "my.py")  # what stands there needs no git
    assert (changes.exit_code, changes.head.commit) == (0, None)


def test_without_git_it_says_so(project, monkeypatch):
    project()
    monkeypatch.setenv("PATH", "")
    with pytest.raises(CompareError, match="git is not installed"):
        quietly("first", "first", "my.py")


def test_a_check_that_fails_gives_its_own_message(project, aside):
    made = project()
    with pytest.raises(CompareError, match=r"the check of first failed with exit code 2: .*unknown device"):
        quietly("first", "first", "my.py", device="abacus")
    (made.folder / "my.py").write_text("CLAIMS = 1 / 0\n")
    made.commit("broken")
    with pytest.raises(CompareError, match=r"the claims of broken cannot be listed: my.py cannot be imported"):
        quietly("first", "broken", "my.py")
    assert (made.worktrees, leftovers(aside)) == (1, [])


def test_a_package_of_the_revision_has_to_be_the_one_that_is_imported(tmp_path):
    tree = Tree("first", tmp_path)
    require_own(tree, {"mine": str(tmp_path / "mine/__init__.py")})
    with pytest.raises(CompareError, match=r"would import /elsewhere/mine\.py in its place: the comparison"):
        require_own(tree, {"mine": "/elsewhere/mine.py"})
    with pytest.raises(CompareError, match="would import nothing in its place"):
        require_own(tree, {"mine": None})


def test_the_packages_of_a_revision_come_before_installed_ones(tmp_path, monkeypatch):
    """An editable install, or PYTHONPATH, points at another copy of the same package."""
    for copy in ("here", "there/src", "installed"):
        (tmp_path / copy / "mine").mkdir(parents=True)
        (tmp_path / copy / "mine/__init__.py").touch()
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "installed"))
    for tree in (Tree("here", tmp_path / "here"), Tree("there", tmp_path / "there")):
        assert ask(tree, ()) == Known(())
    (tmp_path / "here/json").mkdir()
    (tmp_path / "here/json/__init__.py").touch()
    with pytest.raises(CompareError, match="here"):
        ask(Tree("here", tmp_path / "here"), ())


def test_a_checkout_is_removed_whatever_happens(project, aside):
    made = project()
    repository = Repository.around(made.folder)
    for error in (KeyboardInterrupt, SystemExit, RuntimeError):
        with contextlib.suppress(error), repository.checked_out("first") as tree:
            assert (tree / "solver.py").is_file()
            assert made.worktrees == 2
            raise error
        assert (made.worktrees, leftovers(aside)) == (1, [])
    with pytest.raises(CompareError, match="git cannot check the revision out"), repository.checked_out("0" * 40):
        pass
    assert (made.worktrees, leftovers(aside)) == (1, [])


def test_hooks_are_not_run_and_callers_of_git_do_not_matter(project, monkeypatch):
    made = project()
    hook = made.folder / ".git/hooks/post-checkout"
    hook.write_text(f"#!/bin/sh\ntouch {made.folder}/hooked\n")
    hook.chmod(0o755)
    monkeypatch.setenv("GIT_DIR", "/nonexistent")
    with Repository.around(made.folder).checked_out("first"):
        assert not (made.folder / "hooked").exists()


def test_a_version_that_cannot_read_the_store_has_one_of_its_own(tmp_path):
    store = tmp_path / "measurements.sqlite"
    assert readable_store(store, 1) == store
    Store.open(store).close()
    assert readable_store(store, SCHEMA) == readable_store(store, SCHEMA + 1) == store
    assert readable_store(store, SCHEMA - 1) == tmp_path / f"measurements-schema{SCHEMA - 1}.sqlite"
    store.write_text("something else")
    assert readable_store(store, 0) == store


def test_a_tree_without_the_folder_of_the_command_is_read_from_its_top(tmp_path):
    assert Tree("first", tmp_path, "inner").folder == tmp_path
    (tmp_path / "inner").mkdir()
    assert Tree("first", tmp_path, "inner").folder == tmp_path / "inner"


def test_a_run_folder_of_a_child_is_a_side(project):
    made = project()
    request = Request(("my.py",), "quick", 0, "cpu", 1, made.folder / "s.sqlite")
    side = measure(Tree("here", made.folder), request, made.folder / "run", lambda line: None)
    assert side.claims == ("my:tiny",)
    assert side.values["my:tiny"][""].y.shape[1:] == (4, 1)
    assert json.loads((made.folder / "run/results.json").read_text())["results"][0]["controls"] == []


def a_request(made, **given):
    defaults = Settings(engine="serial")
    return Request(("my.py",), "quick", 0, given.get("device", "cpu"), 1, made.folder / "s.sqlite", defaults)


def test_a_failed_check_is_not_replaced_by_an_earlier_result_in_the_same_folder(project):
    made = project()
    tree, out = Tree("here", made.folder), made.folder / "run"
    measure(tree, a_request(made), out, lambda line: None)
    assert (out / "results.json").is_file()
    with pytest.raises(CompareError, match=r"the check of here failed with exit code 2: .*unknown device"):
        measure(tree, a_request(made, device="abacus"), out, lambda line: None)


def test_a_check_that_ends_with_an_unknown_exit_code_failed_whatever_it_wrote(project):
    made = project()
    made.write(comment="\nimport atexit, os\natexit.register(lambda: os._exit(7))\n")
    out = made.folder / "run"
    with pytest.raises(CompareError, match="the check of here failed with exit code 7"):
        measure(Tree("here", made.folder), a_request(made), out, lambda line: None)
    assert (out / "results.json").is_file()


def test_defaults_of_a_commit_do_not_make_two_different_runs(project):
    made = project()
    settings = made.folder / "pyproject.toml"
    text = settings.read_text()
    settings.write_text(text + "family-level = 1e-9\nbudget = 1e-9\n")
    made.commit("hasty")
    settings.write_text(text)
    changes, _ = quietly("first", "hasty", "my.py", out="kept")
    assert [row.identical for row in changes.rows if row.quantity == "values"] == [True]
    base, head = (json.loads((made.folder / "kept" / it / "results.json").read_text()) for it in ("base", "head"))
    assert base["results"][0]["alpha"] == head["results"][0]["alpha"]


SLOW = """
def wait():
    import pathlib, sys, time
    print("asleep", file=sys.stderr, flush=True)
    time.sleep(10)
    pathlib.Path("finished").touch()
"""


def test_a_check_is_stopped_also_where_its_parent_ignores_a_ctrl_c(project):
    made = project()
    solver = made.folder / "solver.py"
    solver.write_text(solver.read_text().replace("    noise =", "    wait()\n    noise =") + SLOW)

    def interrupt(line):
        if "asleep" in line:
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with pytest.raises(KeyboardInterrupt):
            measure(Tree("here", made.folder), a_request(made), made.folder / "run", interrupt)
    finally:
        signal.signal(signal.SIGINT, before)
    assert not (made.folder / "finished").exists()


def test_a_file_is_that_of_each_side_however_it_is_named(project, tmp_path_factory, monkeypatch):
    made = project()
    made.write(slope=-0.9)
    made.commit("flatter")
    link = tmp_path_factory.mktemp("link") / "project"
    link.symlink_to(made.folder)
    (made.folder / "sub").mkdir()
    top, outside = made.folder.resolve(), link.parent / "other.py"
    for here, given, name in [
        (made.folder, link / "my.py:tiny", "my.py:tiny"), (link, made.folder / "my.py", "my.py"),
        (made.folder / "sub", made.folder / "my.py", "../my.py"), (made.folder, "sub/../my.py", "my.py"),
        (made.folder, "ntk/a:b", "ntk/a:b"), (made.folder, "my.py", "my.py"),
    ]:  # fmt: skip
        monkeypatch.chdir(here)
        assert _relative([str(given)], top) == (name,)
    monkeypatch.chdir(made.folder)
    assert _relative([str(outside)], None) == (os.path.relpath(outside.parent.resolve() / "other.py", top),)
    with pytest.raises(CompareError, match=r"other\.py lies outside of this repository: both sides would be one file"):
        quietly("first", targets=str(outside))
    changes, _ = quietly("first", "flatter", str(link / "my.py"))
    assert changes.claims == {"my:tiny": Change.REGRESSED}


@pytest.mark.parametrize("text", ["import os\nos._exit(0)\n", "import os\nprint('{}', flush=True)\nos._exit(0)\n"])
def test_claims_that_end_python_are_one_sentence(tmp_path, text):
    (tmp_path / "my.py").write_text(text)
    with pytest.raises(CompareError, match="of here cannot be listed: their import ended Python before it answered"):
        ask(Tree("here", tmp_path), ["my.py"])


def test_what_claims_print_is_not_taken_for_the_answer(project):
    made = project()
    with (made.folder / "my.py").open("a") as file:
        file.write("import atexit\nprint('hello', end='')\natexit.register(print, 'goodbye')\n")
    assert ask(Tree("here", made.folder), ["my.py"]) == Known(("my.py",))
