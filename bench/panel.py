"""Building the panel, and a keystroke in it: `python bench/panel.py`.

The peer makes as many bare widgets as the panel has: what ipywidgets itself takes on this machine. Runs in a process of
its own, for every widget stays alive until it is closed.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent.parent), str(Path(__file__).resolve().parent)]

import ipywidgets
from run import KEY, Line, report

import pixverse_nb as pv

BUILD_MS = 300
KEYSTROKE_MS = 10
ROUNDS = 9


def alive() -> int:
    module = ipywidgets.widgets.widget
    return len(module._instances if hasattr(module, "_instances") else ipywidgets.Widget.widgets)


def measured(home: Path) -> Iterator[Line]:
    # A key and an address that nobody listens at: building the panel waits for no answer.
    studio = pv.Studio(KEY, base_url="http://127.0.0.1:9", home=home, budget=5)
    before = alive()
    panel = studio.panel()  # imports, and the first connection to the database
    count = alive() - before
    ours, peer = [], []
    for _ in range(ROUNDS):
        panel.settle()
        panel.close()
        start = time.perf_counter()
        panel._build({})
        ours.append((time.perf_counter() - start) * 1000)
        start = time.perf_counter()
        bare = [ipywidgets.Layout() for _ in range(count)]
        peer.append((time.perf_counter() - start) * 1000)
        for widget in bare:
            widget.close()
    yield Line("building the panel", "ms", statistics.median(ours), below=BUILD_MS)
    yield Line(f"  the same; {count} bare layouts", "ms", statistics.median(ours), statistics.median(peer))
    prompt = panel.compose.fields["prompt"].control
    strokes = []
    for number in range(100):
        start = time.perf_counter()
        prompt.value = "a lighthouse in a storm, slow dolly in, " + "x" * number
        strokes.append((time.perf_counter() - start) * 1000)
    yield Line(
        "a keystroke in the prompt, price and count included", "ms", statistics.median(strokes), below=KEYSTROKE_MS
    )
    panel.settle()
    panel.close()


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="pixverse_nb-bench-") as folder:
        return report(measured(Path(folder)), as_json="json" in sys.argv)


if __name__ == "__main__":
    sys.exit(main())
