"""What a studio runs on: the service with a key, or the embedded preview engine without one."""

from __future__ import annotations

import secrets
import threading

from .engine import Engine
from .errors import MissingKey
from .media.download import Downloader
from .pace import Pace
from .segmind.client import Client
from .segmind.key import Key, find_key
from .segmind.service import Service
from .store.schema import PREVIEW
from .workbench import Backend


class Live:
    """The service at its own addresses, or at a base URL."""

    engine = None
    alive = True
    remark = None

    def __init__(self, service: Service, key: Key, pace: Pace, threads: int) -> None:
        self.name = service.api
        self.key = key
        self.client = Client(service, key, pace)
        self.downloader = Downloader(
            allow_private=service.is_private, connect_s=pace.connect_s, read_s=pace.read_s, pool=threads
        )


class Preview:
    """The embedded engine, started when it is first needed. Jobs meet it as a service like any other."""

    name = PREVIEW
    key = None

    def __init__(self, engine: Engine, pace: Pace, threads: int, remark: str | None = None) -> None:
        self.remark = remark
        self._engine = engine
        self._pace = pace
        self._lock = threading.Lock()
        self._client: Client | None = None
        self.downloader = Downloader(allow_private=True, connect_s=pace.connect_s, read_s=pace.read_s, pool=threads)

    @property
    def engine(self) -> str | None:
        """Base URL of the running engine; None when there is none."""
        return self._engine.running_url

    @property
    def alive(self) -> bool:
        """Whether the engine runs, or has not been needed yet."""
        return self._engine.alive

    @property
    def client(self) -> Client:
        """A client of the running engine; starts it."""
        url = self._engine.url()
        with self._lock:
            if self._client is None or self._client.service.api != url:
                key = Key("SG_" + secrets.token_hex(8), "the preview engine")
                self._client = Client(Service.at(url), key, self._pace)
            return self._client


def find_backend(api_key: str | None, base_url: str | None, engine: Engine, pace: Pace, threads: int) -> Backend:
    """The backend that a studio's arguments and the environment ask for.

    Raises
    ------
    MissingKey
        When a base URL is given but no key: a preview would not be what was asked for.
    """
    key, remark = find_key(api_key)
    if key is not None:
        return Live(Service.at(base_url), key, pace, threads)
    if base_url is not None:
        raise MissingKey(
            f"there is no API key for {base_url}",
            billed=False,
            remedy="Pass api_key=... or set SEGMIND_API_KEY; without either and no base_url, the preview engine runs."
            + (f" {remark}" if remark else ""),
        )
    return Preview(engine, pace, threads, remark)
