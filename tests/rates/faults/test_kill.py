"""A run that is killed, however often, goes on to the same report."""

import os
import signal

import pytest
from fault_claims import finish, until

SEED, MOMENTS, PAUSE = 20, 20, 0.015


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no kill -9 here")
def test_twenty_kills_at_random_moments_change_no_byte_of_the_report(place, clean):
    most = len(clean.calls()) // 15  # on average twenty of them leave a third for the last run
    killing = place.start("killed", "killed.db", str(most), str(SEED), str(MOMENTS), pause=PAUSE)
    said = finish(killing)
    assert killing.returncode == 0, said
    before = place.kept("killed.db")
    assert 0 < len(before) < len(clean.kept("s.db"))
    assert place.once("killed.db", "killed.json", log="last") == ""
    assert 0 < len(place.calls("last")) < len(clean.calls())  # what was there was not measured again
    assert place.document("killed.json") == clean.document("run.json")
    assert place.kept("killed.db") == clean.kept("s.db")
    assert before.items() <= clean.kept("s.db").items()


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="there are no groups of processes here")
def test_a_machine_that_goes_down_takes_workers_and_all(place, clean):
    """As `kill -9` of everything at once: nobody is left who could tidy up."""
    process = place.start("once", "s.db", "processes", "never.json", pause=PAUSE)
    until(lambda: len(place.calls()) > 20)
    os.killpg(process.pid, signal.SIGKILL)
    finish(process)
    assert not (place.folder / "never.json").exists()
    assert place.once("s.db", "after.json", engine="processes") == ""
    assert place.document("after.json") == clean.document("run.json")
