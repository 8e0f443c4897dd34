"""What the tests of the client share: a client, and every call that it makes."""

from datetime import date

from scripted import KEY

import pixverse_nb as pv
from pixverse_nb.segmind.client import Client
from pixverse_nb.segmind.key import Key
from pixverse_nb.segmind.service import Service

PACE = pv.Pace(
    connect_s=2, read_s=0.5, submit_read_s=0.5, run_read_s=0.5, attempts=3, retry_s=0.001, poll_s=(0.01, 0.05)
)
BODY = {"prompt": "a cat", "duration": 5, "quality": "540p"}
CLIP = b"\x00\x00\x00\x18ftypisom" + bytes(range(256)) * 4000
FREE = {
    "status": lambda c: c.status("r-1"),
    "result": lambda c: c.result("r-1"),
    "credits": lambda c: c.credits(),
    "upload": lambda c: c.upload("data:image/png;base64,AA"),
    "record": lambda c: c.account_row("r-1"),
    "history": lambda c: list(c.account_rows(date(2026, 11, 21), date(2026, 11, 23))),
}
SINGLE = {"status", "result"}  # asked once a call: the job decides when to ask again


def client_of(url, pace=PACE):
    return Client(Service.at(url), Key(KEY, "a test"), pace)


def run(client):
    """A v1 call, its clip read to the end."""
    with client.run(BODY) as delivery:
        return delivery, b"".join(delivery.chunks or ())


PAID = {"submit": lambda c: c.submit(BODY), "run": run}
