"""The fault script itself: how faults are written, counted and refused."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixverse_nb.preview import Fault, FaultScript
from pixverse_nb.preview.faults import KINDS, OPTIONS, parse, parse_header

ODD = {"status": 555, "queued": True, "seconds": 2.0, "size": 7, "usd": 2.0, "text": "words", "url": "http://x.example/",
       "shape": "object"}  # fmt: skip


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
     "job:output,shape=round", "status:delay,seconds=-1", "status:delay", "download:drip", "submit:cut,size=-1",
     "download:length,size=0", "status:503,queued=yes", "submit:500,seconds=nan", "submit:500,seconds=1e9",
     "credits:redirect,url=http://a b/", "credits:redirect,url=http://a/\r\nx: y", "job:output,url=http://a/",
     "submit:\u00b2"],
)  # fmt: skip
def test_bad_specs_say_what_is_possible(spec):
    with pytest.raises(ValueError, match=r"\w{4}"):
        parse(spec)


@pytest.mark.parametrize(
    ("header", "expected"),
    [("", []), (" ", []), ("submit:503", [Fault("submit", status=503)]),
     ("submit:503 | job : fail", [Fault("submit", status=503), Fault("job", "fail")]),
     ("job:fail,text=this|that: so | or so|status:502", [Fault("job", "fail", text="this|that: so | or so"),
                                                         Fault("status", status=502)])],
)  # fmt: skip
def test_a_header_is_split_where_a_fault_begins(header, expected):
    """A `|` in somebody's words is no end of a fault."""
    assert [replace(fault, text=fault.text and fault.text.strip()) for fault in parse_header(header)] == expected


@pytest.mark.parametrize("words", ["Prüfung", "审核", "à", "…", "plain"])
def test_a_headers_words_are_utf_8_or_else_latin_1(words):
    """HTTP hands bytes over as Latin-1; whatever was written comes back."""
    spec = f"job:fail,text={words}"
    assert [fault.text for fault in parse_header(spec.encode().decode("latin-1"))] == [words]
    if words in {"Prüfung", "à", "plain"}:
        assert [fault.text for fault in parse_header(spec)] == [words]


@given(st.sampled_from(sorted(KINDS)), st.integers(1, 9), st.integers(0, 9), st.floats(0.001, 1e6), st.text("ab, c=:1"))
def test_a_written_fault_is_the_same_as_a_made_one(kind, times, skip, seconds, text):
    """Whatever can be said in Python can be said on the command line, words with commas included."""
    at = min(KINDS[kind])
    given = {"status": 307 if kind == "redirect" else 599, "seconds": seconds, "text": f"words {text}".strip()}
    options = {name: value for name, value in given.items() if name in OPTIONS[kind]}
    made = Fault(at, kind, times=times, skip=skip, **options)
    written = "".join(f",{name}={value}" for name, value in options.items())
    assert parse(f"{at}:{kind},times={times},skip={skip}{written}") == made


@given(st.sampled_from(sorted(KINDS)), st.sampled_from(sorted(ODD)))
def test_an_option_without_effect_is_refused(kind, name):
    """A fault is never half ignored: what its kind does not use is refused, naming what it uses."""
    if name in OPTIONS[kind]:
        return
    base = {"status": 307} if kind == "redirect" else {"seconds": 1.0} if kind in {"delay", "drip"} else {}
    at = "submit" if "submit" in KINDS[kind] else "job"
    assert Fault(at, kind, **base).kind == kind, "or nothing was tested"
    with pytest.raises(ValueError, match=f"{name} has no effect on a {kind} fault, which takes .*times"):
        Fault(at, kind, **{**base, name: ODD[name]})


@pytest.mark.parametrize(
    ("name", "value"),
    [("status", "503"), ("status", True), ("times", "2"), ("times", 1.5), ("skip", None), ("seconds", "1"),
     ("seconds", float("nan")), ("seconds", float("inf")), ("usd", "1"), ("usd", 1e9),
     ("usd", float("nan")), ("queued", "yes"), ("text", 7), ("text", "\ud800")],
)  # fmt: skip
def test_values_of_another_kind_are_refused_in_python(name, value):
    with pytest.raises(ValueError, match=name):
        FaultScript().add("submit", "status", **{name: value})


def test_kinds_that_do_not_fit_wait():
    """A fault of a script is not used up by a call that it could not change."""
    script = FaultScript()
    script.add("submit", "json")
    script.add("submit", status=503)
    assert script.take("submit", {"json"}).status == 503
    assert script.take("submit", {"json"}) is None
    assert script.take("submit").kind == "json"
