"""Where a local picture lies for the service: uploaded once per content, as long as its URL lives."""

from __future__ import annotations

import threading
from weakref import WeakValueDictionary

from .errors import PixverseError, RateLimited, ServiceUnreachable
from .media.images import load_picture
from .segmind.client import Client
from .store.words import Row, now_us
from .workbench import Workbench

_OF_THE_ACCOUNT = frozenset({401, 402, 403, 406})  # what such an answer to an upload is about
_TRUSTED_S = 3600.0  # a URL that was last seen longer ago is asked after again

# One lock a picture and place, for as long as somebody holds or awaits it.
_locks: WeakValueDictionary[tuple[str, str], threading.Lock] = WeakValueDictionary()
_locks_lock = threading.Lock()


def uploaded_url(row: Row, bench: Workbench) -> str | None:
    """The URL of a row's picture, uploaded if need be; None for a row without one.

    Jobs of this process that want the same picture wait for the first one's upload. Two kernels at the same moment may
    both upload it: that is free, and both URLs serve.

    Raises
    ------
    PixverseError
        When the upload fails; it is free, and nothing else was sent.
    """
    sha = row["image_sha256"]
    if sha is None:
        return None
    client = bench.backend.client  # first: asking for it starts the preview engine
    # A preview engine forgets its pictures with its process, so each one is a place of its own.
    place = bench.backend.engine or bench.backend.name
    url, trusted = _known(bench, place, sha)
    if url is not None and trusted:
        return url  # its date stays as it is: only being seen alive renews it
    with _lock(place, sha):
        url, trusted = _known(bench, place, sha)  # whoever held the lock may have seen to it
        if url is not None and trusted:
            return url
        # A host that does not say is believed: a dead URL fails the job unbilled, and nothing is uploaded for nothing.
        if url is None or bench.backend.downloader.alive(url) is False:
            url = _uploaded(load_picture(bench.store.home / row["image_path"]).data_uri(), client)
        bench.store.keep_upload(place, sha, url)
        return url


def _uploaded(data_uri: str, client: Client) -> str:
    try:
        return client.upload(data_uri)
    except RateLimited:
        raise  # its reset is waited for
    except PixverseError as error:
        error.what = f"the picture could not be uploaded: {error.what}"
        error.billed = False
        again = "Check the network. " if isinstance(error, ServiceUnreachable) else ""
        again += "Run the cell again, or pass the picture's https URL as image_url=..."
        # What is wrong with the key or the account is no matter of the picture.
        error.remedy = f"No generation was sent. {error.remedy if error.status_code in _OF_THE_ACCOUNT else again}"
        raise


def _known(bench: Workbench, place: str, sha: str) -> tuple[str | None, bool]:
    """Where a picture was uploaded to, and whether that was so lately that nobody asks after it."""
    url, checked_at = bench.store.upload(place, sha) or (None, 0)
    return url, now_us() - checked_at < _TRUSTED_S * 1e6


def _lock(place: str, sha: str) -> threading.Lock:
    with _locks_lock:
        return _locks.setdefault((place, sha), threading.Lock())
