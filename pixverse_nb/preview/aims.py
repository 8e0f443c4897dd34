"""Which faults can strike which call: one that could not is refused, so that none is accepted and ignored."""

from __future__ import annotations

from collections.abc import Sequence

from .faults import Fault

INSTEAD_OF_CLIP = frozenset({"status", "garbage", "redirect"})
"""Kinds of download faults that need a download of its own: v1's bytes come with its answer and can only be spoilt."""

_END = frozenset({"fail", "moderation"})
_V1 = ("submit", "download", "history", "job")
_V2 = ("submit", "status", "result", "download", "history", "job")


def check_exchange(own: Sequence[Fault], at: str | None) -> None:
    """Refuse what cannot strike one exchange that sends no generation; ValueError says what can.

    Parameters
    ----------
    own : sequence of Fault
        What came with the call.
    at : str or None
        Where faults can strike it; None when they cannot.
    """
    if own and at is None:
        raise ValueError("no fault can strike this call")
    for fault in own:
        if fault.at != at:
            raise ValueError(f"{_name(fault)} cannot strike this call; allowed here: {at} faults")
    _check_single(own, f"{at} fault")


def check_submit(own: Sequence[Fault], *, v1: bool, as_bytes: bool) -> None:
    """Refuse what could strike neither a submit nor anything about its job; ValueError says what can.

    Parameters
    ----------
    own : sequence of Fault
        What came with the submit.
    v1, as_bytes : bool
        Whether v1 was called, and whether it answers with the clip's bytes.
    """
    here = [fault for fault in own if fault.at == "submit"]
    later = [fault for fault in own if fault.at != "submit"]
    _check_single(here, "submit fault")
    struck = here[0] if here else None
    lost = struck is not None and struck.replaces_answer
    allowed = _V1 if v1 and not (struck and struck.queued) else _V2  # who lost v1's answer may poll for its job
    for fault in own:
        if fault.at not in allowed:
            raise ValueError(f"{_name(fault)} cannot strike this call; allowed here: faults at {', '.join(allowed)}")
    if struck and struck.kind == "json" and not v1:
        raise ValueError("submit:json cannot strike this call: v2 always answers JSON; it is allowed on v1")
    if lost and struck and not struck.queued and later:
        raise ValueError(f"{_name(later[0])} cannot strike: {_name(struck)} queues no job unless it says queued=yes")
    _check_job(later)
    if as_bytes and not lost and not (struck and struck.kind == "json"):
        _check_bytes(struck, later)


def _check_single(faults: Sequence[Fault], what: str) -> None:
    if len(faults) > 1:
        raise ValueError(f"one call is struck by one {what}, not by {' and '.join(map(_name, faults))}")
    for fault in faults:
        if fault.skip:
            raise ValueError(f"{_name(fault)} cannot strike: skip lets the only exchange pass; leave it out")


def _check_job(later: Sequence[Fault]) -> None:
    """One job, one end; a job that fails has no clip."""
    ends = [fault for fault in later if fault.at == "job" and fault.kind in _END]
    _check_single(ends, "end of its job")
    for fault in later:
        if fault.at == "job" and fault.skip:
            raise ValueError(f"{_name(fault)} cannot strike: skip lets the only job pass; leave it out")
        if ends and (fault.at == "download" or fault.kind == "output"):
            raise ValueError(f"{_name(fault)} cannot strike: {_name(ends[0])} leaves no clip")


def _check_bytes(struck: Fault | None, later: Sequence[Fault]) -> None:
    for fault in later:
        if fault.kind == "output":
            raise ValueError("job:output cannot strike: v1 answers with bytes; add submit:json to have it answer JSON")
        if fault.at != "download":
            continue
        if fault.kind in INSTEAD_OF_CLIP:
            raise ValueError(
                f"{_name(fault)} cannot strike: v1's clip comes with its answer; allowed here: download faults of the "
                f"kinds cut, corrupt, drip, length and delay, or submit:{fault.kind},queued=yes"
            )
        if struck:
            raise ValueError(f"one v1 answer is struck by one fault, not by {_name(struck)} and {_name(fault)}")


def _name(fault: Fault) -> str:
    return f"{fault.at}:{fault.status if fault.kind == 'status' else fault.kind}"
