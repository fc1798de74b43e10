"""Measurements of another kind of processor have other last bits and are not mixed."""

import dataclasses
import platform
from pathlib import Path

import numpy as np
import pytest
from tiny_claims import tiny

import rates.fingerprint
from rates.check import check
from rates.fingerprint import fingerprint, mark, processor
from rates.store import Key, Store

CPUINFO = """processor\t: 0
vendor_id\t: GenuineIntel
cpu family\t: 6
model\t\t: 85
model name\t: a name
stepping\t: 7
cpu MHz\t\t: 2500.0
flags\t\t: fpu sse sse2 ssse3 avx avx2 fma f16c avx512f ibrs md_clear

processor\t: 1
vendor_id\t: GenuineIntel
"""


@pytest.fixture
def cpuinfo(monkeypatch):
    """Return a function that has this machine be another one."""

    def become(text):
        read = Path.read_text
        monkeypatch.setattr(
            Path, "read_text", lambda self, *a, **k: text if str(self) == "/proc/cpuinfo" else read(self, *a, **k)
        )
        return processor()

    for name in rates.fingerprint._CHOOSING:
        monkeypatch.delenv(name, raising=False)
    return become


def test_a_kind_of_processor_is_maker_family_model_and_vector_instructions(cpuinfo):
    found = cpuinfo(CPUINFO)
    assert found == f"{platform.machine()} GenuineIntel 6 85 avx avx2 avx512f f16c fma sse sse2 ssse3"


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ("GenuineIntel", "AuthenticAMD", False),
        ("\t\t: 85", "\t\t: 106", False),
        ("avx512f ", "", False),
        ("2500.0", "3100.0", True),
        ("a name", "another name", True),
        ("ibrs md_clear", "ibrs", True),  # what a kernel adds against attacks
        ("processor\t: 1", "processor\t: 2", True),
    ],
)
def test_what_changes_no_number_does_not_count(cpuinfo, old, new, same):
    assert (cpuinfo(CPUINFO) == cpuinfo(CPUINFO.replace(old, new))) is same


@pytest.mark.parametrize("name", ["OPENBLAS_CORETYPE", "ATEN_CPU_CAPABILITY", "NPY_DISABLE_CPU_FEATURES"])
def test_libraries_that_are_told_to_choose_as_on_another_one_count(cpuinfo, monkeypatch, name):
    before = cpuinfo(CPUINFO)
    monkeypatch.setenv(name, "Haswell")
    assert processor() != before


def test_other_systems_say_what_they_can(monkeypatch):
    def none(self, *arguments, **named):
        raise FileNotFoundError

    monkeypatch.setattr(Path, "read_text", none)
    monkeypatch.setattr(platform, "processor", lambda: "arm")
    assert processor().startswith(f"{platform.machine()} arm")


def test_a_mark_is_code_and_processor():
    code, _, where = mark("rates.catalogue.ntk.spectrum").partition("@")
    assert code == fingerprint("rates.catalogue.ntk.spectrum")
    assert where


def test_what_another_processor_measured_is_measured_again_and_kept(tmp_path, claims_file, monkeypatch):
    file, path = str(tmp_path / claims_file("tiny()")), tmp_path / "s.db"

    def counted():
        found = check(file, engine_name="serial", store=path)
        with Store.open(path) as store:
            return found.results[0].estimate, store.info().measurements

    estimate, count = counted()
    assert counted() == (estimate, count)
    monkeypatch.setattr(rates.fingerprint, "processor", lambda device="cpu": "another")
    assert counted() == (estimate, 2 * count)
    with Store.open(path) as store:
        assert store.info().fingerprints == (fingerprint(file),)  # one version of code
        assert store.prune(keep={fingerprint(file)}) == 0
        assert store.prune(keep={"another"}) == 2 * count


def test_a_claim_in_memory_has_a_mark_of_its_own():
    assert check(tiny(), store=None).exit_code == 0
    assert mark("") != mark("")


def test_the_mark_separates_in_the_store():
    key = Key("c", "", "", "measure", (1.0,), 0, "cpu", "float64", "f@here")
    with Store.open(None) as store:
        store.put(key, 0, np.ones((1, 1, 1)), 0.1)
        assert not store.get(dataclasses.replace(key, fingerprint="f@there"), range(1)).values
