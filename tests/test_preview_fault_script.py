"""The fault script itself: how faults are written, counted and refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixverse_nb.preview import Fault, FaultScript
from pixverse_nb.preview.faults import KINDS, parse


def test_times_and_skip():
    """Skipped, then struck, in order; None is for ever; clear ends it."""
    script = FaultScript()
    script.add("status", status=502, skip=1, times=2)
    script.add("status", status=500, times=None)
    struck = [script.take("status") for _ in range(6)]
    assert [fault.status for fault in struck if fault] == [500, 502, 502, 500, 500, 500]
    assert script.take("result") is None
    assert [fault.status for fault in script.pending] == [500]
    script.clear()
    assert script.take("status") is None


@pytest.mark.parametrize(
    ("spec", "expected"),
    [("submit:503", Fault("submit", status=503)),
     ("submit:503,queued=yes,times=2", Fault("submit", status=503, queued=True, times=2)),
     ("status: cut , skip=2,times=always", Fault("status", "cut", skip=2, times=None)),
     ("download:drip,seconds=2.5", Fault("download", "drip", seconds=2.5)),
     ("credits:redirect", Fault("credits", "redirect", status=307)),
     ("job:fail,text=a=b, c", Fault("job", "fail", text="a=b, c")),
     ("job:output,shape=private,url=http://10.0.0.1/", Fault("job", "output", shape="private", url="http://10.0.0.1/"))],
)  # fmt: skip
def test_specs(spec, expected):
    assert parse(spec) == expected


@pytest.mark.parametrize(
    "spec",
    ["", "submit", "submit:", "nowhere:500", "submit:explode", "submit:200", "credits:redirect,status=500",
     "submit:500,times=0", "submit:500,times=x", "submit:500,queued=maybe", "submit:500,colour=red", "job:500",
     "job:output,shape=round", "status:delay,seconds=-1"],
)  # fmt: skip
def test_bad_specs_say_what_is_possible(spec):
    with pytest.raises(ValueError, match=r"\w{4}"):
        parse(spec)


@given(st.sampled_from(sorted(KINDS)), st.integers(1, 9), st.integers(0, 9), st.floats(0, 1e6), st.text("ab, c=:1"))
def test_a_written_fault_is_the_same_as_a_made_one(kind, times, skip, seconds, text):
    """Whatever can be said in Python can be said on the command line, words with commas included."""
    at = min(KINDS[kind])
    status = 307 if kind == "redirect" else 500
    made = Fault(at, kind, status=status, times=times, skip=skip, seconds=seconds, text=f"words {text}".strip())
    written = f"{at}:{kind},status={status},times={times},skip={skip},seconds={seconds!r},text={made.text}"
    assert parse(written) == made
