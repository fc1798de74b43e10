import getpass
import importlib
import json
import os
import subprocess
import sys
import types
from pathlib import Path

import pytest
import threadpoolctl

from rates.environment import THREAD_VARIABLES, check_device, describe, gpu_name, single_thread, versions


def test_the_description_is_json_and_names_no_place_and_nobody():
    found = describe("cpu")
    text = json.dumps(found, allow_nan=False)
    assert found["packages"]["numpy"] == versions()["numpy"]
    assert found["cores"] >= 1
    assert found["gpu"] is None
    assert any(library["architecture"] for library in found["blas"])
    assert str(Path.home()) + os.sep not in text
    assert str(Path.cwd()) not in text
    assert sys.prefix not in text
    assert f'"{getpass.getuser()}"' not in text


def test_the_commit_is_that_of_the_working_folder_where_the_code_is_not_in_a_repository(tmp_path, monkeypatch):
    monkeypatch.setattr("rates.environment.__file__", str(tmp_path / "package" / "environment.py"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert describe()["commit"] is None
    git = ["git", "-c", "user.name=n", "-c", "user.email=e@example.org"]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "m"], check=True)
    clean = describe()
    (tmp_path / "new.py").touch()
    assert len(clean["commit"]) == 40
    assert (clean["dirty"], describe()["dirty"]) == (False, True)


def test_a_missing_git_is_no_error(monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert describe()["commit"] is None


@pytest.mark.parametrize("device", ["gpu", "mps", "cuda:", "cuda:x", "cpu:1", "cpu:", ""])
def test_an_unknown_device_is_refused(device):
    with pytest.raises(ValueError, match="use cpu or cuda"):
        check_device(device)


def _torch(monkeypatch, gpus):
    cuda = types.SimpleNamespace(
        is_available=lambda: gpus > 0, device_count=lambda: gpus, get_device_name=lambda device: "A GPU"
    )
    fake = types.SimpleNamespace(cuda=cuda, version=types.SimpleNamespace(cuda="12.8"))
    real = importlib.import_module
    monkeypatch.setattr(importlib, "import_module", lambda name: fake if name == "torch" else real(name))


def test_devices_are_checked_against_the_machine(monkeypatch):
    check_device("cpu")
    _torch(monkeypatch, 0)
    with pytest.raises(ValueError, match="no GPU can be used here"):
        check_device("cuda")
    _torch(monkeypatch, 1)
    check_device("cuda")
    found = describe("cuda:0")
    assert (found["device"], found["gpu"], found["cuda"]) == ("cuda:0", "A GPU", "12.8")
    with pytest.raises(ValueError, match="there are 1 GPUs"):
        check_device("cuda:1")


@pytest.mark.parametrize("device", ["cuda", "cpu:0"])
def test_a_device_of_torch_without_torch_is_one_sentence(monkeypatch, device):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ValueError, match="needs torch, which is not installed"):
        check_device(device)


def test_torch_on_the_cpu_is_a_device_without_a_gpu(monkeypatch):
    _torch(monkeypatch, 0)
    check_device("cpu:0")
    found = describe("cpu:0")
    assert (found["device"], found["gpu"], found["cuda"], gpu_name("cpu:0")) == ("cpu:0", None, None, None)


def test_one_thread_while_it_lasts_and_as_before_afterwards(monkeypatch):
    importlib.import_module("numpy.linalg")
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    before = [info["num_threads"] for info in threadpoolctl.threadpool_info()]
    with single_thread():
        assert {os.environ[name] for name in THREAD_VARIABLES} == {"1"}
        assert {info["num_threads"] for info in threadpoolctl.threadpool_info()} == {1}
    assert [info["num_threads"] for info in threadpoolctl.threadpool_info()] == before
    assert os.environ["OMP_NUM_THREADS"] == "7"
    assert "MKL_NUM_THREADS" not in os.environ


def test_torch_and_numba_are_limited_where_they_are_loaded(monkeypatch):
    class Pool:
        threads = 4

        def get_num_threads(self):
            return self.threads

        def set_num_threads(self, threads):
            self.threads = threads

    pool = Pool()
    monkeypatch.setitem(sys.modules, "torch", pool)
    monkeypatch.delitem(sys.modules, "numba", raising=False)
    with single_thread():
        assert pool.threads == 1
    assert pool.threads == 4


def test_asking_does_not_start_threads_of_numba():
    code = (
        "import numba, threadpoolctl\n"
        "from rates.environment import single_thread\n"
        "before = len(threadpoolctl.threadpool_info())\n"
        "with single_thread():\n"
        "    pools = threadpoolctl.threadpool_info()\n"
        "    assert {pool['num_threads'] for pool in pools} == {1}, pools\n"
        "assert len(threadpoolctl.threadpool_info()) == before\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
