import importlib.metadata
import os
import subprocess
import sys
from pathlib import Path

import pytest

from rates import catalogue
from rates.catalogue import BrokenCatalogue, UnknownClaim, find, load

CLAIM = "Claim(name={name!r}, statement='', law=Law.power('n', '-1'))"
IMPORTS = "from rates.claim import Claim\nfrom rates.law import Law\n"


def module(*names: str, before: str = "") -> str:
    return f"{IMPORTS}{before}CLAIMS = ({''.join(CLAIM.format(name=name) + ', ' for name in names)})\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A catalogue of two chapters in the place of the real one."""
    root = tmp_path / "catalogue"
    for chapter, method, text in [
        ("alpha", "first", module("rate", "level")),
        ("alpha", "second", module("rate")),
        ("alpha", "shared", "VALUE = 1\n"),
        ("alpha", "_private", "raise RuntimeError('imported')\n"),
        ("beta", "third", module("rate")),
    ]:
        (root / chapter).mkdir(parents=True, exist_ok=True)
        (root / chapter / "__init__.py").touch()
        (root / chapter / f"{method}.py").write_text(text)
    monkeypatch.setattr(catalogue, "__file__", str(root / "__init__.py"))
    monkeypatch.setattr(catalogue, "__path__", [str(root)])
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: ())
    monkeypatch.chdir(tmp_path)
    kept = dict(sys.modules)
    yield root
    for name in [n for n in sys.modules if n.startswith("rates.catalogue.")]:
        del sys.modules[name]
    sys.modules.update(kept)


def addresses(*targets: str) -> list[str]:
    return [item.address for item in find(targets)]


def test_claims_are_found_by_listing(folder):
    assert addresses() == ["alpha/first:rate", "alpha/first:level", "alpha/second:rate", "beta/third:rate"]
    assert addresses("alpha/first") == ["alpha/first:rate", "alpha/first:level"]
    assert addresses("alpha/first:level") == ["alpha/first:level"]
    assert addresses("beta") == addresses("beta/") == ["beta/third:rate"]
    assert addresses("alpha/second", "alpha")[0] == "alpha/second:rate"
    assert len(addresses("alpha/second", "alpha")) == 3


def test_a_claim_says_where_it_came_from_and_is_loaded_from_there(folder):
    [item] = find(["alpha/first:level"])
    assert item.origin == "rates.catalogue.alpha.first"
    assert load(item.origin, item.address) is item.claim
    with pytest.raises(UnknownClaim, match="has no claim 'nothing'"):
        load(item.origin, "alpha/first:nothing")


def test_only_what_is_needed_is_imported(folder):
    find(["beta"])
    assert "rates.catalogue.alpha.first" not in sys.modules
    assert catalogue.methods()["alpha/first"] == "rates.catalogue.alpha.first"


@pytest.mark.parametrize(
    ("target", "says"),
    [
        ("alpha/frist", "no claim, method or chapter 'alpha/frist'; did you mean alpha/first?"),
        ("alpha/first:lvel", "did you mean alpha/first:level?"),
        ("bta", "did you mean beta?"),
        ("alpha/frist:rate", "did you mean alpha/first?"),
        ("zzzz", "there is no claim, method or chapter 'zzzz'"),
        ("nothing.py", "there is no file nothing.py"),
        ("nothing.py:rate", "there is no file nothing.py"),
    ],
)
def test_an_unknown_name_suggests_the_nearest(folder, target, says):
    with pytest.raises(UnknownClaim) as error:
        find([target])
    assert says in str(error.value)
    assert "\n" not in str(error.value)


def test_a_users_file_and_what_lies_beside_it(folder, tmp_path):
    (tmp_path / "beside_my_claims.py").write_text("NAME = 'mine'\n")
    path = tmp_path / "my_claims.py"
    path.write_text(module("rate", before="import beside_my_claims\n").replace("'rate'", "beside_my_claims.NAME"))
    [item] = find(["my_claims.py"])
    assert (item.address, item.origin) == ("my_claims:mine", str(path.resolve()))
    assert find([f"{path}:mine"]) == [item]
    assert load(item.origin, item.address) is item.claim
    with pytest.raises(UnknownClaim, match=r"did you mean my_claims.py:mine\?"):
        find(["my_claims.py:mime"])
    sys.path.remove(str(tmp_path))


def test_a_changed_file_is_read_again(folder, tmp_path):
    path = tmp_path / "changing_claims.py"
    for name in ("one", "two"):
        path.write_text(module(name))
        assert addresses("changing_claims.py") == [f"changing_claims:{name}"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("x = 1\n\nx = 1 / 0\n", "broken.py cannot be imported: ZeroDivisionError: division by zero (line 3)"),
        ("def f(:\n", "broken.py cannot be imported: SyntaxError: invalid syntax (line 1)"),
        ("import sys\nsys.exit('bye')\n", "broken.py cannot be imported: SystemExit: bye (line 2)"),
        ("import nowhere_at_all\n", "broken.py cannot be imported: ModuleNotFoundError: No module named"),
        (module("a", before="raise ValueError('two\\nlines')\n"), "ValueError: two lines (line 3)"),
        ("x = 1\n", "broken.py needs CLAIMS, a tuple of at least one Claim"),
        ("CLAIMS = ()\n", "broken.py needs CLAIMS, a tuple of at least one Claim"),
        ("CLAIMS = (1,)\n", "broken.py needs CLAIMS, a tuple of at least one Claim"),
        (module("a", "a"), "broken.py has two claims named 'a'"),
    ],
)
def test_a_broken_file_is_one_sentence(folder, tmp_path, text, says):
    (tmp_path / "broken.py").write_text(text)
    with pytest.raises(BrokenCatalogue) as error:
        find(["broken.py"])
    assert says in str(error.value)
    assert "\n" not in str(error.value)


def test_a_broken_module_of_the_catalogue_names_its_line(folder):
    (folder / "beta" / "fourth.py").write_text("\nraise KeyError('x')\n")
    with pytest.raises(
        BrokenCatalogue, match=r"rates.catalogue.beta.fourth cannot be imported: KeyError: 'x' \(line 2\)"
    ):
        find(["beta"])


def test_two_claims_with_one_address_are_refused(folder, tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "my.py").write_text(module("rate"))
    with pytest.raises(BrokenCatalogue, match="two claims have the address my:rate"):
        find([os.path.join("one", "my.py"), os.path.join("two", "my.py")])
    assert addresses(os.path.join("one", "my.py"), os.path.join(".", "one", "my.py")) == ["my:rate"]


def test_entry_points_are_found_and_cannot_take_an_address(folder, tmp_path, monkeypatch):
    (tmp_path / "their_claims.py").write_text(module("rate"))
    monkeypatch.syspath_prepend(str(tmp_path))
    entry = importlib.metadata.EntryPoint("their/method", "their_claims", catalogue.GROUP)
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: (entry,))
    [item] = find(["their/method:rate"])
    assert item.origin == "their_claims"
    assert addresses("their") == ["their/method:rate"]
    taken = importlib.metadata.EntryPoint("beta/third", "their_claims", catalogue.GROUP)
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: (taken,))
    with pytest.raises(BrokenCatalogue, match="two modules claim the address 'beta/third'"):
        find()
    del sys.modules["their_claims"]


def test_listing_the_catalogue_imports_no_torch():
    code = "import sys, rates.sweep\nfrom rates.catalogue import find\nfind()\nprint('torch' in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout == "False\n"


HELPED = """import sys
sys.path.insert(0, {tests!r})
from tiny_claims import *
{claim}
"""
AT_ONCE = "from {helper} import scale\nCLAIMS = (tiny(name=f'scaled by {{scale}}'),)"
LATER = (
    "def later(x, streams):\n    from {helper} import scale\n    return power(x, streams)\n"
    "CLAIMS = (tiny(experiment=Experiment(later, X), controls=()),)"
)


def helped(folder, claim, helper):
    """Write a file of claims and the helper beside it."""
    folder.mkdir()
    text = HELPED.format(tests=str(Path(__file__).parent), claim=claim.format(helper=helper))
    (folder / "mine.py").write_text(text)
    (folder / f"{helper}.py").write_text(f"scale = {folder.name!r}\n")
    return str(folder / "mine.py")


@pytest.mark.parametrize("first", [AT_ONCE, LATER], ids=["at once", "later"])
@pytest.mark.parametrize("second", [AT_ONCE, LATER], ids=["at once", "later"])
def test_two_files_whose_helpers_have_one_name_are_not_mixed_up(tmp_path, first, second):
    """Python would give the second file the first one's helper, and other numbers without a word."""
    helper = f"helper_of_{tmp_path.name}"  # no other test's
    one, two = helped(tmp_path / "a", first, helper), helped(tmp_path / "b", second, helper)
    assert len(find([one])) == 1
    with pytest.raises(BrokenCatalogue) as error:
        find([two])
    taken = f"it needs the module {helper} beside it, of which {tmp_path / 'a' / helper}.py has taken the name"
    assert taken in str(error.value)
    assert len(find([one])) == 1
    shared = tmp_path / "a" / "more.py"
    shared.write_text((tmp_path / "a" / "mine.py").read_text())
    assert len(find([one, str(shared)])) == 2


def test_a_file_beside_which_lies_a_module_that_is_loaded_already_is_not_given_the_other_one(tmp_path):
    one = helped(tmp_path / "a", "import {helper}\nCLAIMS = (tiny(),)", "tiny_claims")
    with pytest.raises(
        BrokenCatalogue, match=r"it needs the module tiny_claims beside it, of which .* has taken the name"
    ):
        find([one])
