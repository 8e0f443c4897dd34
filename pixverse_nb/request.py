"""A validated, frozen request: the unit of work that everything else hands on."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from . import pricing
from .parameters import MODEL, Value, check_count, check_extra, check_parameters, with_defaults

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Request:
    """What is sent, and nothing else; picklable, and the same in every kernel.

    Attributes
    ----------
    parameters : dict
        Validated API parameters in schema order: what was set, plus `prompt`, `duration`, `quality`. Do not change it.
    image_sha256 : str or None
        Content hash of a local picture; its URL is known only after the upload.
    take : int
        1 for the first clip of these parameters, 2 for another one, and so on.
    extra : dict
        Names that the schema does not know, sent as they are.
    """

    parameters: dict[str, Value]
    image_sha256: str | None = None
    take: int = 1
    extra: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        parameters: Mapping[str, object],
        *,
        image_sha256: str | None = None,
        take: int = 1,
        extra: Mapping[str, object] | None = None,
    ) -> Request:
        """Validate and freeze.

        Parameters
        ----------
        parameters : mapping
            The API's parameters, by its own names; `prompt` is needed.
        image_sha256 : str, optional
            Content hash of a local picture.
        take : int
            From 1.
        extra : mapping, optional
            Names that the schema does not know, sent as they are.

        Returns
        -------
        Request
            With what is always sent filled in.

        Raises
        ------
        InvalidParameter, UnknownParameter
            Naming the parameter, its value, and what is allowed.
        """
        return cls(check_parameters(parameters), image_sha256, check_count("take", take), check_extra(extra))

    @property
    def prompt(self) -> str:
        """The prompt."""
        return str(self.parameters["prompt"])

    @property
    def estimate(self) -> pricing.Estimate:
        """Expected and ceiling price, by the table."""
        return pricing.price(self.parameters, unlisted=bool(self.extra))

    def body(self, image_url: str | None = None) -> dict[str, Any]:
        """The JSON body of the POST.

        Parameters
        ----------
        image_url : str, optional
            Where a local picture was uploaded to.

        Returns
        -------
        dict
            The parameters, `extra`, and the picture's URL.
        """
        body: dict[str, Any] = {**self.parameters, **self.extra}
        if image_url is not None:
            body["image_url"] = image_url
        return body

    @property
    def identity(self) -> str:
        """Hash of everything that matters: equal identities mean the same clip is asked for.

        Defaults are filled in first, so `seed=-1` and saying nothing are the same request.
        """
        return _hash({**self._content, "take": self.take})

    @property
    def family(self) -> str:
        """Hash of the same without the take: all takes of one request have it."""
        return _hash(self._content)

    @property
    def _content(self) -> dict[str, Any]:
        # Empty text is "not set", but for a prompt; 1 and 1.0 are one number.
        given = {name: value for name, value in self.parameters.items() if value != "" or name == "prompt"}
        return {
            "model": MODEL,
            "parameters": with_defaults(given),
            "image": self.image_sha256,
            "extra": _plain(self.extra),
        }


def _plain(value: Any) -> Any:
    """A JSON value with whole numbers written as such."""
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    # From 2**53 on, not every whole number has a float of its own.
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 2**53 else value


def _hash(canonical: Mapping[str, Any]) -> str:
    text = json.dumps(canonical, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
