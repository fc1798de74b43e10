"""Two checks of the same claims with the same store at the same time."""

from fault_claims import finish


def test_two_checks_at_once_are_both_right_and_keep_everything_once(place, clean):
    (place.folder / "met").mkdir()
    together = {"FAULT_MEET": str(place.folder / "met")}  # neither goes past its first call before the other is there
    names = ("first", "second")
    both = [place.start("once", "s.db", "serial", f"{n}.json", log=n, pause=0.01, **together) for n in names]
    assert [finish(process) for process in both] == ["", ""]
    assert len({line.split()[0] for name in names for line in place.calls(name)}) == 2  # both measured something
    assert place.document("first.json") == place.document("second.json") == clean.document("run.json")
    assert place.kept("s.db") == clean.kept("s.db")
