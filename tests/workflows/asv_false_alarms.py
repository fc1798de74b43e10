"""How often asv flags a line between two commits with the same code, by factor: `python asv_false_alarms.py [PAIRS]`.

Every pair is a full `asv continuous`, ten minutes and more; the table at the end counts the lines of each pair that
`asv compare` marks at each factor, with its statistics and all samples. Run it on the machine whose factor you choose.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from asv_clone import Clone

FACTORS = ("1.1", "1.25", "1.5", "2")
KINDS = ("track", "time", "peakmem")


def kind(benchmark: str) -> str:
    """Return `time` for `engine.Judging.time_fit(...)`."""
    return benchmark.partition("(")[0].rpartition(".")[2].partition("_")[0]


def compared(clone: Clone, base: str, head: str, factor: str) -> Counter[tuple[str, str]]:
    """Count the lines of a comparison by kind and mark, a blank where nothing is flagged."""
    answer = clone.asv("compare", "--factor", factor, base, head)
    assert answer.code == 0, answer.out
    return Counter((kind(name), mark.strip()) for name, mark in answer.lines.items())


def main(pairs: int) -> int:
    """Measure that many pairs and print the table; 1 if a track was flagged in any."""
    counts: dict[str, Counter[tuple[str, str]]] = {factor: Counter() for factor in FACTORS}
    red: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        clone = Clone.make(Path(folder))
        edit = ("dltheory/ntk/schedule.py", "        ridge = scale", "        # {}\n        ridge = scale")
        for pair in range(pairs):
            base, head = f"base-{pair}", f"head-{pair}"
            for branch in (base, head):
                clone.commit(branch, (*edit[:2], edit[2].format(branch)))
            start = time.monotonic()
            answer = clone.asv("continuous", "--factor", "1.5", "--show-stderr", base, head, seconds=4 * 3600)
            load = os.getloadavg()[2]
            print(f"pair {pair + 1}: exit {answer.code}, {time.monotonic() - start:.0f} s, load {load:.1f}", flush=True)
            if answer.code not in (0, 1):
                print(answer.out)
                return 2
            for factor in FACTORS:
                found = compared(clone, base, head, factor)
                counts[factor] += found
                red[factor] += any(mark == "+" for _, mark in found)
                print(f"  factor {factor}: {dict(found)}", flush=True)
    print("| factor | kind | lines | worse | better | flagged | runs that end red |")
    print("|---|---|---:|---:|---:|---:|---:|")
    for factor, name in ((f, k) for f in FACTORS for k in KINDS):
        lines = sum(n for (k, _), n in counts[factor].items() if k == name)
        worse, better = counts[factor][name, "+"], counts[factor][name, "-"]
        share = f"{100 * (worse + better) / max(lines, 1):.1f} %"
        print(f"| {factor} | `{name}_` | {lines} | {worse} | {better} | {share} | {red[factor]} of {pairs} |")
    return int(any(counts[factor]["track", mark] for factor in FACTORS for mark in "+-"))


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 5))
