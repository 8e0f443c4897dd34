"""AI video in Jupyter: PixVerse V6 on Segmind, from a cell to a playing clip and a row in a pandas history.

    import pixverse_nb as pv

    studio = pv.Studio()
    studio.generate("A lighthouse in a storm, slow dolly in", duration=5, quality="540p")
    studio.history()

Importing this is cheap: each name is loaded when it is first used, and heavy libraries when they are first needed.
"""

from __future__ import annotations

import importlib
import logging
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .budget import Budget as Budget
    from .budget import Cap as Cap
    from .errors import AuthenticationError as AuthenticationError
    from .errors import BadAnswer as BadAnswer
    from .errors import BadRequest as BadRequest
    from .errors import BudgetExceeded as BudgetExceeded
    from .errors import ClipError as ClipError
    from .errors import GenerationFailed as GenerationFailed
    from .errors import HomeError as HomeError
    from .errors import InsufficientCredits as InsufficientCredits
    from .errors import InvalidImage as InvalidImage
    from .errors import InvalidParameter as InvalidParameter
    from .errors import MissingKey as MissingKey
    from .errors import ModelRetired as ModelRetired
    from .errors import ModerationRefused as ModerationRefused
    from .errors import ModerationWarning as ModerationWarning
    from .errors import NewerHistory as NewerHistory
    from .errors import NotFound as NotFound
    from .errors import OutcomeUnknown as OutcomeUnknown
    from .errors import PermissionDenied as PermissionDenied
    from .errors import PixverseError as PixverseError
    from .errors import RateLimited as RateLimited
    from .errors import RejectedValue as RejectedValue
    from .errors import RequestExpired as RequestExpired
    from .errors import ServerError as ServerError
    from .errors import ServiceError as ServiceError
    from .errors import ServiceUnreachable as ServiceUnreachable
    from .errors import SpendingLimit as SpendingLimit
    from .errors import UnknownParameter as UnknownParameter
    from .errors import UnsupportedType as UnsupportedType
    from .errors import WaitInterrupted as WaitInterrupted
    from .errors import WaitTimeout as WaitTimeout
    from .errors import WrongMethod as WrongMethod
    from .generation import Generation as Generation
    from .generations import Generations as Generations
    from .imports import Imported as Imported
    from .pace import Pace as Pace
    from .player.player import Player as Player
    from .preview import PreviewServer as PreviewServer
    from .pricing import Estimate as Estimate
    from .pricing import estimate as estimate
    from .reconcile import Reconciliation as Reconciliation
    from .request import Request as Request
    from .segmind.client import Credits as Credits
    from .storyboard.board import Storyboard as Storyboard
    from .storyboard.film import Film as Film
    from .studio import Studio as Studio
    from .sweep.plan import Plan as Plan
    from .table.chooser import Chooser as Chooser
    from .table.pictures import Pictures as Pictures
    from .table.report import Report as Report
    from .video import Video as Video

__version__ = "0.1.0"

# Public name -> the room that it lives in; the imports above say the same to type checkers.
_ROOMS = {
    "Budget": "budget",
    "Cap": "budget",
    "AuthenticationError": "errors",
    "BadAnswer": "errors",
    "BadRequest": "errors",
    "BudgetExceeded": "errors",
    "ClipError": "errors",
    "GenerationFailed": "errors",
    "HomeError": "errors",
    "InsufficientCredits": "errors",
    "InvalidImage": "errors",
    "InvalidParameter": "errors",
    "MissingKey": "errors",
    "ModelRetired": "errors",
    "ModerationRefused": "errors",
    "ModerationWarning": "errors",
    "NewerHistory": "errors",
    "NotFound": "errors",
    "OutcomeUnknown": "errors",
    "PermissionDenied": "errors",
    "PixverseError": "errors",
    "RateLimited": "errors",
    "RejectedValue": "errors",
    "RequestExpired": "errors",
    "ServerError": "errors",
    "ServiceError": "errors",
    "ServiceUnreachable": "errors",
    "SpendingLimit": "errors",
    "UnknownParameter": "errors",
    "UnsupportedType": "errors",
    "WaitInterrupted": "errors",
    "WaitTimeout": "errors",
    "WrongMethod": "errors",
    "Generation": "generation",
    "Generations": "generations",
    "Imported": "imports",
    "Pace": "pace",
    "Player": "player.player",
    "PreviewServer": "preview",
    "Estimate": "pricing",
    "estimate": "pricing",
    "Reconciliation": "reconcile",
    "Request": "request",
    "Credits": "segmind.client",
    "Storyboard": "storyboard.board",
    "Film": "storyboard.film",
    "Studio": "studio",
    "Plan": "sweep.plan",
    "Chooser": "table.chooser",
    "Pictures": "table.pictures",
    "Report": "table.report",
    "Video": "video",
}

__all__ = [
    "AuthenticationError",
    "BadAnswer",
    "BadRequest",
    "Budget",
    "BudgetExceeded",
    "Cap",
    "Chooser",
    "ClipError",
    "Credits",
    "Estimate",
    "Film",
    "Generation",
    "GenerationFailed",
    "Generations",
    "HomeError",
    "Imported",
    "InsufficientCredits",
    "InvalidImage",
    "InvalidParameter",
    "MissingKey",
    "ModelRetired",
    "ModerationRefused",
    "ModerationWarning",
    "NewerHistory",
    "NotFound",
    "OutcomeUnknown",
    "Pace",
    "PermissionDenied",
    "Pictures",
    "PixverseError",
    "Plan",
    "Player",
    "PreviewServer",
    "RateLimited",
    "Reconciliation",
    "RejectedValue",
    "Report",
    "Request",
    "RequestExpired",
    "ServerError",
    "ServiceError",
    "ServiceUnreachable",
    "SpendingLimit",
    "Storyboard",
    "Studio",
    "UnknownParameter",
    "UnsupportedType",
    "Video",
    "WaitInterrupted",
    "WaitTimeout",
    "WrongMethod",
    "__version__",
    "estimate",
]


# A library's records go where the program sends them; without this, warnings would go to standard error.
if not any(isinstance(handler, logging.NullHandler) for handler in logging.getLogger(__name__).handlers):
    logging.getLogger(__name__).addHandler(logging.NullHandler())


def load_ipython_extension(shell: Any) -> None:
    """`%load_ext pixverse_nb`: the magics `%pixverse` and `%%pixverse`; `%pixverse --help` says more."""
    importlib.import_module(f"{__name__}.magics.extension").load(shell)


def unload_ipython_extension(shell: Any) -> None:
    """`%unload_ext pixverse_nb`: without the magics again."""
    importlib.import_module(f"{__name__}.magics.extension").unload(shell)


def __getattr__(name: str) -> Any:
    if name not in _ROOMS:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    value = getattr(importlib.import_module(f"{__name__}.{_ROOMS[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
