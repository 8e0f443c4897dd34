"""The preview engine: a rehearsal stage that speaks the service's protocol and draws real clips, for nothing.

`PreviewServer` runs it inside a process, `python -m pixverse_nb.preview` beside one. It shares the vocabulary
(`parameters`, `pricing`, `errors`) with the toolkit and none of the client's code; to a client it is another base URL.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .faults import Fault, FaultScript
from .server import LoggedRequest, PreviewServer

if TYPE_CHECKING:
    from .picture import RenderError

__all__ = ["Fault", "FaultScript", "LoggedRequest", "PreviewServer", "RenderError"]


def __getattr__(name: str) -> Any:
    if name == "RenderError":  # with the picture libraries, which come with the first clip
        from .picture import RenderError

        return RenderError
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
