import sys
from pathlib import Path

import pytest

import rates.fingerprint
from rates.catalogue import find
from rates.claim import Claim
from rates.experiment import Experiment
from rates.fingerprint import fingerprint
from rates.law import Law

CLAIMS = '''"""Claims about nothing."""
import helper

def measure(n, streams):
    """Measure."""
    from late import scale  # only needed here
    return [scale(n)] * len(streams)
'''


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "helper.py").write_text("from deeper import one\n\n\ndef two():\n    return 2 * one\n")
    (tmp_path / "deeper.py").write_text("one = 1\n")
    (tmp_path / "late.py").write_text("def scale(n):\n    return n ** -0.5\n")
    (tmp_path / "unrelated.py").write_text("three = 3\n")
    path = tmp_path / "my_claims.py"
    path.write_text(CLAIMS)
    return path


@pytest.mark.parametrize(
    ("name", "old", "new", "same"),
    [
        ("my_claims.py", "# only needed here", "# needed in one place", True),
        ("my_claims.py", '"""Measure."""', '"""Measure it."""', True),
        ("my_claims.py", "\n\ndef", "\n\n\n\n\ndef", True),
        ("my_claims.py", "[scale(n)]", "[scale(n) + 1]", False),
        ("helper.py", "2 * one", "3 * one", False),
        ("deeper.py", "one = 1", "one = 2", False),
        ("late.py", "0.5", "0.6", False),
        ("late.py", "def scale", "# how fast\ndef scale", True),
        ("unrelated.py", "three = 3", "three = 4", True),
    ],
)
def test_code_counts_wherever_it_is_imported_and_comments_do_not(file, name, old, new, same):
    before = fingerprint(str(file))
    changed = file.with_name(name)
    assert old in changed.read_text()
    changed.write_text(changed.read_text().replace(old, new))
    assert (fingerprint(str(file)) == before) is same


def test_the_place_of_a_file_does_not_count(file, tmp_path_factory):
    other = tmp_path_factory.mktemp("elsewhere")
    for path in file.parent.iterdir():
        (other / path.name).write_text(path.read_text())
    assert fingerprint(str(other / file.name)) == fingerprint(str(file))


def test_a_file_with_a_broken_import_or_syntax_has_a_fingerprint(file):
    file.write_text("import nowhere_to_be_found\n")
    before = fingerprint(str(file))
    file.write_text("def (:\n")
    assert fingerprint(str(file)) != before


def test_versions_of_the_numerical_libraries_count(file, monkeypatch):
    before = fingerprint(str(file))
    monkeypatch.setattr(rates.fingerprint, "versions", lambda: {"numpy": "99.0"})
    assert fingerprint(str(file)) != before


def test_the_engine_modules_that_shape_a_number_count(file, tmp_path, monkeypatch):
    before = fingerprint(str(file))
    folder = Path(rates.fingerprint.__file__).parent
    for name in ("streams.py", "experiment.py", "tasks.py", "claim.py", "expression.py"):
        (tmp_path / name).write_text(folder.joinpath(name).read_text())
    monkeypatch.setattr(rates.fingerprint, "__file__", str(tmp_path / "fingerprint.py"))
    assert fingerprint(str(file)) == before
    (tmp_path / "streams.py").write_text(
        (tmp_path / "streams.py").read_text().replace("digest_size=16", "digest_size=8")
    )
    assert fingerprint(str(file)) != before


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package of claims that imports its neighbours relatively, and raises if anybody imports it."""
    folder = tmp_path / "laboratory"
    (folder / "inner").mkdir(parents=True)
    (folder / "__init__.py").write_text("raise RuntimeError('imported')\n")
    (folder / "claims.py").write_text("from . import first\nfrom .inner.second import x\nimport json, numpy\n")
    (folder / "first.py").write_text("a = 1\n")
    (folder / "inner" / "__init__.py").write_text("b = 1\n")
    (folder / "inner" / "second.py").write_text("from ..third import x\n")
    (folder / "third.py").write_text("x = 1\n")
    (folder / "fourth.py").write_text("y = 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    return folder


@pytest.mark.parametrize(
    ("name", "same"),
    [
        ("__init__.py", False),
        ("first.py", False),
        ("inner/__init__.py", False),
        ("inner/second.py", False),
        ("third.py", False),
        ("fourth.py", True),
    ],
)
def test_packages_are_followed_without_importing_them(package, name, same):
    before = fingerprint("laboratory.claims")
    with (package / name).open("a") as stream:
        stream.write("z = 2\n")
    assert (fingerprint("laboratory.claims") == before) is same
    assert "laboratory" not in sys.modules
    rates.fingerprint._package_root.cache_clear()


def test_a_users_file_follows_its_own_installed_code_and_this_projects_mathematics(package, tmp_path):
    file = tmp_path / "claims" / "my_claims.py"
    file.parent.mkdir()
    file.write_text(
        "def measure(n):\n    from dltheory.ntk.schedule import AveragedSGD\n    import laboratory.first, torch\n"
    )
    names = [name for name, _ in rates.fingerprint._sources(str(file))]
    own = [name for name in names if name.partition(".")[0] in ("dltheory", "laboratory", "my_claims")]
    assert own == ["dltheory", "dltheory.ntk", "dltheory.ntk.schedule", "laboratory", "laboratory.first", "my_claims"]
    assert not any(name.startswith(("torch.", "rates")) for name in names)
    rates.fingerprint._package_root.cache_clear()


def measure(n, streams, scale=1.0):
    return [scale / n for _ in streams]


def in_memory(function) -> str:
    experiment = Experiment(function, x=(1, 2, 4))
    return fingerprint("", Claim(name="c", statement="", law=Law.power("n", "-1"), experiment=experiment))


def enclosing(scale):
    def inner(n, streams):
        return [scale / n for _ in streams]

    return inner


def test_a_claim_in_memory_is_never_taken_for_another():
    assert fingerprint("") != fingerprint("")


def test_a_file_that_makes_its_modules_findable_is_followed_to_them(tmp_path):
    """Looking for what lies beside it comes first, and must not settle that they cannot be found."""
    away = tmp_path / "away"
    away.mkdir()
    (away / "solver_found_late.py").write_text("scale = 1\n")
    file = tmp_path / "late_claims.py"
    file.write_text(
        f"import sys\nsys.path.insert(0, {str(away)!r})\nsys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "from solver_found_late import scale\nfrom tiny_claims import tiny\nCLAIMS = (tiny(),)\n"
    )
    assert len(find([str(file)])) == 1
    before = fingerprint(str(file))
    (away / "solver_found_late.py").write_text("scale = 2\n")
    assert fingerprint(str(file)) != before
    sys.path.remove(str(away))
