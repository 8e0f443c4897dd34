"""Where a local picture lies for the service: uploaded once per content, as long as its URL lives."""

from __future__ import annotations

from .media.images import load_picture
from .store.store import Row, now_us
from .workbench import Workbench

_TRUSTED_S = 3600.0  # a URL that was last seen longer ago is asked after again


def uploaded_url(row: Row, bench: Workbench) -> str | None:
    """The URL of a row's picture, uploaded if need be; None for a row without one.

    Raises
    ------
    PixverseError
        When the upload fails; it is free, and nothing else was sent.
    """
    sha = row["image_sha256"]
    if sha is None:
        return None
    # A preview engine forgets its pictures with its process, so each one is a place of its own.
    client = bench.backend.client
    place = bench.backend.engine or bench.backend.name
    url, checked_at = bench.store.upload(place, sha) or (None, 0)
    if url is not None and now_us() - checked_at < _TRUSTED_S * 1e6:
        return url  # its date stays as it is: only being seen alive renews it
    # A host that does not say is believed: a dead URL fails the job unbilled, and nothing is uploaded for nothing.
    if url is None or bench.backend.downloader.alive(url) is False:
        url = client.upload(load_picture(bench.store.home / row["image_path"]).data_uri())
    bench.store.keep_upload(place, sha, url)
    return url
