"""The preview engine: a rehearsal stage that speaks the service's protocol and draws real clips, for nothing.

`PreviewServer` runs it inside a process, `python -m pixverse_nb.preview` beside one. It shares the vocabulary
(`parameters`, `pricing`, `errors`) with the toolkit and none of the client's code; to a client it is another base URL.
"""

from __future__ import annotations

from .faults import Fault, FaultScript
from .server import LoggedRequest, PreviewServer

__all__ = ["Fault", "FaultScript", "LoggedRequest", "PreviewServer"]
