"""What can go wrong, on purpose: a script of faults that a rehearsal plays through.

A fault says where it strikes (`at`), what it does (`kind`) and how often (`times`). It comes from Python
(`server.faults.add("submit", status=503, queued=True)`), from the command line (`--fault "submit:503,queued=yes"`), or
with one request: in its `x-preview-fault` header (specs in UTF-8, separated by `|`) or, for a submit, in the body's
`preview_fault` field (a spec or a list of them). A submit's own faults that strike later (a poll, the download, the
job) stay with its job and strike no other. A request's own fault that cannot strike the call it came with, or an option
that its kind does not use, is refused: none is accepted and ignored. One from a script waits for a call that it fits.

======== ==========================================================================================================
at       the exchange that it strikes
======== ==========================================================================================================
submit   POST of a generation, v1 or v2
status   GET of a request's status
result   GET of a request's result
download GET of a clip; on v1, whose answer is the clip, the bytes of that answer (cut, corrupt, drip, length, delay)
upload   POST of a picture
credits  GET of the balance
history  GET of the account history, list or single
job      the job itself, whichever way it was sent
======== ==========================================================================================================

========== ========================================================================================================
kind       what happens
========== ========================================================================================================
status     answered with `status` and the body that the service gives it (`text` replaces the words); `queued`: the
           job runs nevertheless; `seconds`: answered so late, or, for 429, the time until the limit is reset
cut        the connection is reset instead of an answer; with `size`, after so many bytes of the body (a download
           without `size`: halfway); `queued`: a submit's job runs nevertheless (the lost answer)
delay      answered properly, `seconds` late
garbage    200 with a body (`text`) that is not what was asked for; `queued` as above
corrupt    a proper answer whose bytes are damaged from the first quarter on; the length is right
drip       a proper answer that trickles in over `seconds`
length     a Content-Length that is wrong by `size` bytes (default 1000): positive announces more than comes
redirect   `status` 307 to `url`; the default is this server under another host name, so that the request log shows
           whether a key came along
json       a v1 submit answers JSON with a URL instead of bytes
fail       the job is FAILED after `seconds`, with `text`
moderation the same, with a moderator's words
no-metrics the job's answers carry no metrics, no accounting headers
no-cost    the job's answers carry no cost
cost       the job is charged `usd` instead of the table's price
output     the job's output is of another `shape`: list, object, nested, or private (`url`, a private address)
========== ========================================================================================================
"""

from __future__ import annotations

import re
import threading
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from typing import Any

from pixverse_nb.errors import InvalidParameter

HEADER = "x-preview-fault"
BODY_FIELD = "preview_fault"

_EXCHANGES = frozenset({"submit", "status", "result", "download", "upload", "credits", "history"})
_JOB = frozenset({"job"})
KINDS: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(("status", "cut", "delay", "garbage", "corrupt", "drip", "length", "redirect"), _EXCHANGES),
    "json": frozenset({"submit"}),
    **dict.fromkeys(("fail", "moderation", "no-metrics", "no-cost", "cost", "output"), _JOB),
}
"""Every kind of fault, and where it can strike."""

_NEXT_SPEC = re.compile(rf"\|(?=\s*(?:{'|'.join(sorted(_EXCHANGES | _JOB))})\s*:)")
_QUEUES = frozenset({"queued", "seconds"})
OPTIONS: Mapping[str, frozenset[str]] = {
    "status": _QUEUES | {"status", "text"},
    "cut": _QUEUES | {"size"},
    "delay": frozenset({"seconds"}),
    "garbage": _QUEUES | {"text"},
    "corrupt": frozenset({"seconds"}),
    "drip": frozenset({"seconds"}),
    "length": frozenset({"seconds", "size"}),
    "redirect": _QUEUES | {"status", "url"},
    "json": frozenset({"seconds"}),
    "fail": frozenset({"seconds", "text"}),
    "moderation": frozenset({"seconds", "text"}),
    "no-metrics": frozenset(),
    "no-cost": frozenset(),
    "cost": frozenset({"usd"}),
    "output": frozenset({"shape", "url"}),
}
"""What each kind of fault takes, besides `times` and `skip`."""

LONGEST_S = 1_000_000.0
"""Seconds, at most, that a fault can last (eleven days)."""

SHAPES = ("list", "object", "nested", "private")
"""What an `output` fault can make of the output."""

MODERATION = "The prompt was refused by content moderation: it may violate the usage policy."
PRIVATE_URL = "http://169.254.169.254/clip.mp4"
"""A link-local address that no client may fetch."""


@dataclass(frozen=True)
class Fault:
    """One fault; see the module's tables.

    Attributes
    ----------
    at, kind : str
        Where it strikes and what it does.
    status : int
        HTTP status, 400-599 (300-399 for a redirect).
    queued : bool
        Whether the job of a struck submit runs nevertheless.
    seconds : float
        Delay or duration, 0 to 1,000,000.
    size : int or None
        Bytes, where the kind counts bytes.
    text, url : str or None
        Words or address that replace the usual ones.
    shape : str
        Of an `output` fault.
    usd : float
        Of a `cost` fault: USD, 0 to 1000.
    times : int or None
        How many exchanges it strikes, 1 or more; None for all of them.
    skip : int
        How many exchanges it lets pass first.
    """

    at: str
    kind: str = "status"
    status: int = 500
    queued: bool = False
    seconds: float = 0.0
    size: int | None = None
    text: str | None = None
    url: str | None = None
    shape: str = "list"
    usd: float = 0.0
    times: int | None = 1
    skip: int = 0

    def __post_init__(self) -> None:
        """Refuse a fault that could never strike; ValueError says what is possible."""
        if self.kind not in KINDS:
            raise ValueError(f"kind={self.kind!r} is no fault; there are {', '.join(KINDS)}")
        if self.at not in KINDS[self.kind]:
            raise ValueError(
                f"a {self.kind} fault strikes at {', '.join(sorted(KINDS[self.kind]))}, not at {self.at!r}"
            )
        for name, kinds in _TYPES.items():
            value = getattr(self, name)
            if not isinstance(value, kinds) or (isinstance(value, bool) and kinds is not bool):
                raise ValueError(f"{name}={value!r} is not allowed: it is of another type")
            if name not in OPTIONS[self.kind] | _ALWAYS and value != _DEFAULTS[name]:
                takes = ", ".join([*sorted(OPTIONS[self.kind]), "times", "skip"])
                raise ValueError(f"{name} has no effect on a {self.kind} fault, which takes {takes}")
        self._check_counts()
        self._check_words()

    def _check_counts(self) -> None:
        low, high = (300, 399) if self.kind == "redirect" else (400, 599)
        if self.kind in {"status", "redirect"} and not low <= self.status <= high:
            raise ValueError(f"status={self.status!r} is not allowed: a {self.kind} fault answers {low} to {high}")
        if self.skip < 0 or (self.times is not None and self.times < 1):
            raise ValueError("skip is 0 or more, times is 1 or more, or always")
        if not 0 <= self.seconds <= LONGEST_S:  # not a number is not allowed either
            raise ValueError(f"seconds={self.seconds!r} is not allowed: it is 0 to {LONGEST_S:,.0f}")
        if self.kind in {"delay", "drip"} and not self.seconds:
            raise ValueError(f"say how long a {self.kind} fault lasts: seconds=...")
        if self.queued and self.at != "submit":
            raise ValueError("queued is for faults at submit: nothing else queues a job")
        if self.size is not None and (self.size < 0 if self.kind == "cut" else self.size == 0):
            raise ValueError(f"size={self.size!r} is not allowed: bytes after which it is cut, or a length's error")
        if not 0 <= self.usd <= 1000:
            raise ValueError(f"usd={self.usd!r} is not allowed: a cost fault charges 0 to 1000 USD")

    def _check_words(self) -> None:
        if self.shape not in SHAPES:
            raise ValueError(f"shape={self.shape!r} is not allowed: it is one of {', '.join(SHAPES)}")
        if self.url is not None and self.kind == "output" and self.shape != "private":
            raise ValueError("url is for an output of the shape private")
        if self.url is not None and not re.fullmatch("[!-~]+", self.url):
            raise ValueError(f"url={self.url!r} is not allowed: it is ASCII without spaces")
        if self.text is not None and not _is_text(self.text):
            raise ValueError("text is not allowed: it holds half of a surrogate pair")

    @property
    def replaces_answer(self) -> bool:
        """Whether the proper answer is thrown away, so that nobody need wait for it."""
        return self.kind in {"status", "garbage", "redirect"} or (
            self.kind == "cut" and self.size is None and self.at != "download"
        )


_DEFAULTS: Mapping[str, object] = {field.name: field.default for field in fields(Fault)}
_ALWAYS = frozenset({"times", "skip"})
_TYPES: Mapping[str, Any] = {
    "status": int, "queued": bool, "seconds": (int, float), "size": (int, type(None)), "text": (str, type(None)),
    "url": (str, type(None)), "shape": str, "usd": (int, float), "times": (int, type(None)), "skip": int,
}  # fmt: skip
_OPTIONS = tuple(name for name in _DEFAULTS if name not in {"at", "kind"})


def _is_text(words: str) -> bool:
    try:
        words.encode()
    except UnicodeEncodeError:
        return False
    return True


def fault(at: str, kind: str | None = None, **options: Any) -> Fault:
    """Make a fault; `kind` may be left out when `status` is given, and a redirect's status is 307.

    Raises
    ------
    ValueError
        For a fault that does not exist, naming what does.
    """
    if kind is None and "status" not in options:
        raise ValueError(f"say what happens: a kind ({', '.join(KINDS)}) or a status")
    if unknown := set(options) - set(_OPTIONS):
        raise ValueError(f"{', '.join(sorted(unknown))}: a fault takes {', '.join(_OPTIONS)}")
    if kind == "redirect":
        options.setdefault("status", 307)
    return Fault(at, "status" if kind is None else kind, **options)


def parse(spec: str) -> Fault:
    """Read a fault as it is written on the command line: `AT:KIND[,name=value]...`; a number as KIND is a status.

    Raises
    ------
    ValueError
        Saying which part could not be read.

    Examples
    --------
    >>> parse("submit:503,queued=yes,times=2").status
    503
    >>> parse("job:fail,seconds=3,text=the GPU, sadly, fell over").text
    'the GPU, sadly, fell over'
    """
    head, *pairs = re.split(rf",\s*(?=(?:{'|'.join(_OPTIONS)})=)", spec.strip())
    at, colon, kind = head.partition(":")
    if not colon:
        raise ValueError(f"{spec!r} is no fault: write AT:KIND[,name=value]..., for example submit:503,queued=yes")
    options: dict[str, Any] = {}
    for pair in pairs:
        name, _, text = pair.partition("=")
        options[name] = _value(name, text)
    if kind.isascii() and kind.isdigit():
        options["status"], kind = int(kind), "status"
    return fault(at.strip(), kind.strip(), **options)


def _value(name: str, text: str) -> object:
    """One option's text as its type."""
    try:
        match name:
            case "status" | "size" | "skip":
                return int(text)
            case "times":
                return None if text == "always" else int(text)
            case "seconds" | "usd":
                return float(text)
            case "queued":
                return {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}[text.lower()]
            case _:
                return text
    except (ValueError, KeyError):
        raise ValueError(f"{name}={text!r} is not allowed in a fault") from None


def parse_header(text: str) -> list[Fault]:
    """Read the header's specs; one begins where `AT:` follows a `|`, so that words may hold a `|` of their own.

    Parameters
    ----------
    text : str
        The header as HTTP hands it over, one character for each byte; words beyond ASCII are UTF-8, or else Latin-1.

    Raises
    ------
    ValueError
        As `parse` does.

    Examples
    --------
    >>> [fault.text for fault in parse_header("job:fail,text=this|that | status:503")]
    ['this|that', None]
    """
    with suppress(UnicodeError):  # not UTF-8: as it came
        text = text.encode("latin-1").decode()
    return [parse(spec) for spec in _NEXT_SPEC.split(text) if spec.strip()]


def parse_all(given: object) -> list[Fault]:
    """Read what came with a request: a spec, or a list of specs; ValueError when it is neither."""
    specs = [given] if isinstance(given, str) else given
    if not isinstance(specs, list) or not all(isinstance(spec, str) for spec in specs):
        raise ValueError(f"{BODY_FIELD} is a fault such as 'submit:503,queued=yes', or a list of them")
    return [parse(spec) for spec in specs]


class FaultScript:
    """The faults that are still to strike; safe from every thread.

    Examples
    --------
    >>> script = FaultScript()
    >>> _ = script.add("status", status=502, times=2)
    >>> [getattr(script.take("status"), "status", None) for _ in range(3)]
    [502, 502, None]
    """

    def __init__(self, faults: list[Fault] | None = None) -> None:
        self._lock = threading.Lock()
        self._faults = list(faults or [])

    def __repr__(self) -> str:
        return f"FaultScript({self.pending})"

    def add(self, at: str, kind: str | None = None, **options: Any) -> Fault:
        """Add a fault behind those that are already waiting; the module's tables say which there are.

        Parameters
        ----------
        at : str
            The exchange that it strikes; `help(pixverse_nb.preview.faults)` lists these, and the kinds.
        kind : str, optional
            What happens; it may be left out when `status` is given.
        **options
            The attributes of `Fault` that this kind takes, such as `status=503, queued=True, times=2`.

        Returns
        -------
        Fault
            As it was added.

        Raises
        ------
        InvalidParameter
            For a fault that could never strike; it says what is possible.
        """
        try:
            made = fault(at, kind, **options)
        except ValueError as error:
            raise InvalidParameter(str(error)) from None
        self.include(made)
        return made

    def include(self, made: Fault) -> None:
        """Add a fault that was already made, for example by `parse`."""
        with self._lock:
            self._faults.append(made)

    def clear(self) -> None:
        """Forget every fault."""
        with self._lock:
            self._faults.clear()

    @property
    def pending(self) -> list[Fault]:
        """The faults that are still to strike, in order; each with what is left of its `times` and `skip`."""
        with self._lock:
            return list(self._faults)

    def take(self, at: str, without: Collection[str] = ()) -> Fault | None:
        """The fault that strikes this exchange, if any; it is counted. Kinds in `without` wait for another."""
        with self._lock:
            for index, waiting in enumerate(self._faults):
                if waiting.at != at or waiting.kind in without:
                    continue
                if waiting.skip:
                    self._faults[index] = replace(waiting, skip=waiting.skip - 1)
                    continue
                self._count(index, waiting)
                return waiting
        return None

    def take_all(self, at: str, without: Collection[str] = ()) -> list[Fault]:
        """Every fault that strikes here at once (a job can have several); each is counted; `without` as in `take`."""
        taken: list[Fault] = []
        with self._lock:
            for index in reversed(range(len(self._faults))):
                waiting = self._faults[index]
                if waiting.at != at or waiting.kind in without:
                    continue
                if waiting.skip:
                    self._faults[index] = replace(waiting, skip=waiting.skip - 1)
                    continue
                taken.insert(0, waiting)
                self._count(index, waiting)
        return taken

    def _count(self, index: int, waiting: Fault) -> None:
        if waiting.times == 1:
            del self._faults[index]
        elif waiting.times is not None:
            self._faults[index] = replace(waiting, times=waiting.times - 1)
