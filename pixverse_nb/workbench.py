"""What every job of a studio works with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from .media.clips import Clips
from .media.download import Downloader
from .pace import Pace
from .segmind.client import Client
from .store.store import Store


class Backend(Protocol):
    """The service that a job runs on."""

    name: str

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
