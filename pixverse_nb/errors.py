"""Every error of the toolkit, as one tree.

PixverseError                 anything below
├── InvalidParameter          a value that the API does not take; nothing was sent (also a ValueError)
│   ├── UnknownParameter      a name that the API does not have (also a TypeError)
│   └── InvalidImage          a picture that the API does not take
├── BudgetExceeded            the budget has no room for this; nothing was sent
├── HomeError                 the folder with history and clips cannot be used
│   └── NewerHistory          it was written by a newer version; it opens read-only
├── WaitTimeout               the wait ended before the job did; the job goes on (also a TimeoutError)
├── ClipError                 a clip could not be fetched, or is not a playable video
├── ServiceUnreachable        no connection; nothing was sent
├── OutcomeUnknown            the answer to a send was lost: it may be running and billed
├── BadAnswer                 the service answered something unreadable
└── ServiceError              the service answered with an error
    ├── BadRequest            400
    ├── AuthenticationError   401
    │   └── MissingKey        no key was found; nothing was sent
    ├── PermissionDenied      403
    ├── NotFound              404
    │   └── RequestExpired    the service has forgotten the request (records live about an hour)
    ├── WrongMethod           405
    ├── ModelRetired          410
    ├── InsufficientCredits   402, 406
    ├── SpendingLimit         406, a team's limit
    ├── UnsupportedType       406, a wrong Content-Type
    ├── RejectedValue         406, a value
    ├── GenerationFailed      422: the job ran and failed
    │   └── ModerationRefused the same, for its content
    ├── RateLimited           429
    └── ServerError           500 and other 5xx

Beside the tree, WaitInterrupted is the KeyboardInterrupt of a wait: the job goes on; ModerationWarning is said before a
request is sent that moderation has refused before.
"""

from __future__ import annotations

from typing import Any


class PixverseError(Exception):
    """Anything that this toolkit reports.

    Attributes
    ----------
    status_code : int or None
        The HTTP status, when there was an answer.
    detail : str or None
        The service's own words.
    billed : bool or None
        Whether money was taken; None when nobody knows.
    remedy : str or None
        What to do next.
    request_id : str or None
        The service's id of the job, when known.
    accounting : segmind.answers.Accounting or None
        What the answer behind this error reported about its job (cost, times, seed); None when it said nothing.
    """

    accounting: Any = None

    def __init__(
        self,
        what: str,
        *,
        status_code: int | None = None,
        detail: str | None = None,
        billed: bool | None = None,
        remedy: str | None = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(what)
        self.what = what
        self.status_code = status_code
        self.detail = detail
        self.billed = billed
        self.remedy = remedy
        self.request_id = request_id

    def __str__(self) -> str:
        """What happened, whether it was billed, and what to do."""
        return " ".join(part for part in (f"{self.event}.", self.billing, self.remedy) if part)

    @property
    def event(self) -> str:
        """What happened, with the service's own words where it had any."""
        what = self.what.rstrip(".")
        if self.detail and self.detail.rstrip(".") not in what:
            what = f"{what}: {self.detail.rstrip('.')}"
        return what

    @property
    def billing(self) -> str:
        """The sentence about money; empty where no send was involved."""
        return {True: "It was billed.", False: "Nothing was billed.", None: ""}[self.billed]

    def _render_traceback_(self) -> list[str]:
        """What a notebook shows: the sentence, without a stack of our own frames."""
        return [f"{type(self).__name__}: {self}"]

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle by attributes: the constructor takes keywords only."""
        return (_rebuild, (type(self), self.what, dict(self.__dict__)))


def _rebuild(kind: type[PixverseError], what: str, state: dict[str, Any]) -> PixverseError:
    error = kind(what)
    error.__dict__.update(state)
    return error


class InvalidParameter(PixverseError, ValueError):
    """A value that the API does not take; nothing was sent."""


class UnknownParameter(InvalidParameter, TypeError):
    """A name that the API does not have; nothing was sent."""


class InvalidImage(InvalidParameter):
    """A picture that the API does not take: type, size or pixels; nothing was sent."""


class BudgetExceeded(PixverseError):
    """The budget has no room for this request; nothing was sent.

    Attributes
    ----------
    cap_usd, spent_usd, reserved_usd, needed_usd : float or None
        USD: the cap, what counts against it as charged and as reserved, and what was asked for (its ceiling).
    """

    cap_usd: float | None = None
    spent_usd: float | None = None
    reserved_usd: float | None = None
    needed_usd: float | None = None


class HomeError(PixverseError):
    """The folder that holds the history and the clips cannot be used."""


class NewerHistory(HomeError):
    """The history was written by a newer version of the toolkit; it opens read-only."""


class WaitTimeout(PixverseError, TimeoutError):
    """The wait ended before the job did; the job goes on."""


class WaitInterrupted(KeyboardInterrupt):
    """You interrupted a wait: the job goes on. No error of the toolkit but your own Ctrl-C or Kernel > Interrupt."""

    def _render_traceback_(self) -> list[str]:
        return [f"WaitInterrupted: {self}"]


class ClipError(PixverseError):
    """A clip could not be fetched, is not a playable video, or has vanished from the disk.

    Attributes
    ----------
    after_s : float or None
        Seconds after which its host wants to be asked again, where it said so.
    """

    after_s: float | None = None


class ServiceUnreachable(PixverseError):
    """No connection to the service could be made."""


class OutcomeUnknown(PixverseError):
    """The answer to a send was lost: the job may be running and billed. Only a person may send it again."""

    @property
    def billing(self) -> str:
        """Nobody knows yet."""
        return "It may be running and billed." if self.billed is None else super().billing


class BadAnswer(PixverseError):
    """The service answered with something that is not what its documents describe."""


class ServiceError(PixverseError):
    """The service answered with an error."""


class BadRequest(ServiceError):
    """400: invalid parameters or request format."""


class AuthenticationError(ServiceError):
    """401: the key is missing or was rejected."""


class MissingKey(AuthenticationError):
    """No key was found where one is needed; nothing was sent."""


class PermissionDenied(ServiceError):
    """403: the account or team may not use this model."""


class NotFound(ServiceError):
    """404: no such model, endpoint or request."""


class RequestExpired(NotFound):
    """404 for a request: the service forgets its requests after about an hour."""


class WrongMethod(ServiceError):
    """405: this address does not take this verb; usually a wrong base_url."""


class ModelRetired(ServiceError):
    """410: the model is no longer served."""


class InsufficientCredits(ServiceError):
    """402 or 406: not enough credits."""


class SpendingLimit(ServiceError):
    """406: a team's spending limit is reached."""


class UnsupportedType(ServiceError):
    """406: the request's Content-Type was not accepted."""


class RejectedValue(ServiceError):
    """406: the service rejected a value."""


class GenerationFailed(ServiceError):
    """422: the job ran and failed; it is not billed."""


class ModerationRefused(GenerationFailed):
    """422: the job was refused for its content; it is not billed."""


class RateLimited(ServiceError):
    """429: too many requests; nothing was queued, and sending again after the reset is safe.

    Attributes
    ----------
    reset_s : float
        Seconds until the service takes requests again, as it said.
    """

    reset_s: float = 15.0


class ServerError(ServiceError):
    """500 and other 5xx answers."""


class ModerationWarning(UserWarning):
    """A request is sent that moderation has refused before."""
