"""What every job of a studio works with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from .gate import Gate
from .lost import Listing
from .media.clips import Clips
from .media.download import Downloader
from .pace import Pace
from .segmind.client import Client
from .segmind.key import Key
from .store.store import Store


class Backend(Protocol):
    """The service that a job runs on."""

    name: str

    @property
    def remark(self) -> str | None:
        """Why it is not the service, where a key might have been found; None when there is nothing to say."""

    @property
    def key(self) -> Key | None:
        """The key that pays; None on the preview engine."""

    @property
    def client(self) -> Client: ...  # noqa: D102

    @property
    def downloader(self) -> Downloader: ...  # noqa: D102

    @property
    def engine(self) -> str | None:
        """Base URL of the preview engine; None on the service."""

    @property
    def alive(self) -> bool:
        """False when the preview engine has ended."""


@dataclass(frozen=True)
class Workbench:
    """What every job of a studio works with."""

    store: Store
    clips: Clips
    backend: Backend
    pace: Pace
    owner: str
    listing: Listing = field(default_factory=Listing)
    gate: Gate = field(default_factory=Gate)  # before the paid sends
    asks: Gate = field(default_factory=Gate)  # before the free requests: polls, results, uploads
