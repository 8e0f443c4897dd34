"""What a fault does to one answer: either it takes its place, or it spoils it on its way out."""

from __future__ import annotations

from urllib.parse import urlsplit

from .faults import Fault
from .replies import CUT_HALFWAY, JSON, RESET, Reply, error, rate_limited

_HALF_A_JSON = '{"status": "COMPLE'
_A_PAGE = "<!doctype html><title>Please wait</title><p>Checking your browser before you can go on."


def replaced(fault: Fault, base: str, target: str) -> Reply:
    """The answer that a fault gives instead of the proper one.

    Parameters
    ----------
    fault : Fault
        With `replaces_answer`.
    base, target : str
        The engine's own address as the client calls it, and the path and query that were asked for.
    """
    match fault.kind:
        case "status" if fault.status == 429:
            return rate_limited(fault.seconds, fault.text)
        case "status":
            return error(fault.status, fault.text)
        case "garbage":
            download = fault.at == "download"
            kind = "video/mp4" if download else JSON
            return Reply(200, {"Content-Type": kind}, (fault.text or (_A_PAGE if download else _HALF_A_JSON)).encode())
        case "redirect":
            return Reply(fault.status, {"Location": fault.url or _elsewhere(base) + target})
        case _:
            return Reply(200, cut_after=RESET)


def altered(fault: Fault, reply: Reply) -> Reply:
    """The proper answer, spoilt on its way out; `delay` and `json` have had their effect before."""
    match fault.kind:
        case "cut":
            reply.cut_after = CUT_HALFWAY if fault.size is None else fault.size
        case "corrupt":
            reply.corrupt = True
        case "drip":
            reply.drip_s = fault.seconds
        case "length":
            reply.length_error = 1000 if fault.size is None else fault.size
        case _:
            pass
    return reply


def lateness(fault: Fault) -> float:
    """Seconds to wait before the answer: a 429 uses its seconds for the reset, a drip for the transfer."""
    if fault.kind == "drip" or (fault.kind == "status" and fault.status == 429):
        return 0.0
    return fault.seconds


def _elsewhere(base: str) -> str:
    """The same server under another host name: a client that minds its key must treat it as a stranger."""
    parts = urlsplit(base)
    host = "127.0.0.1" if parts.hostname == "localhost" else "localhost"
    return f"{parts.scheme}://{host}:{parts.port or 80}"
