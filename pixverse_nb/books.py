"""Both histories side by side: what only one of them knows, and what they tell differently."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from .generation import Generation
from .job import Job
from .lost import STUCK_US, clock, inputs_of, job_of, recorded_at
from .pricing import money, to_usd
from .segmind.answers import AccountRow, normalise
from .store import leases
from .store.schema import DAY_US, PREVIEW
from .store.words import FILE_LIFE_US, Row, now_us
from .workbench import Workbench

LOOKS_S = 60.0
"""How long a look into the account's history is waited for, s."""

_SETTLING_US = 600_000_000  # a younger row may not have reached the account's history yet


class Look(Protocol):
    """Has a job look into the account's history at once."""

    def __call__(self, generation: Generation, *, fresh: bool = False, give_up: bool = False) -> Job | None:
        """None when the job has ended; the arguments as in `Job.ask_to_look`."""


@dataclass(frozen=True)
class Desk:
    """What a studio lends to reconciling.

    Attributes
    ----------
    bench : Workbench
        Store, service, listing.
    handle : callable
        The one handle of a row.
    follow : callable
        Follows an unfinished generation.
    look : callable
        Has a lost job look at once.
    resume : callable
        Follows all unfinished rows.
    has_clip : callable
        Whether a row's clip is on the disk.
    """

    bench: Workbench
    handle: Callable[[Row], Generation]
    follow: Callable[[Generation], None]
    look: Look
    resume: Callable[[], list[Generation]]
    has_clip: Callable[[Row], bool]

    def await_look(self, generation: Generation, deadline: float, *, give_up: bool = False) -> Job | None:
        """Have a lost job ask the account itself now, and wait until it has; the job, or None when it has ended."""
        asked = time.monotonic()
        job = self.look(generation, fresh=True, give_up=give_up)
        if job is not None:
            await_look(generation, job, asked, deadline)
        return job


def await_look(generation: Generation, job: Job, asked: float, deadline: float) -> None:
    """Wait until a look that began after `asked` is over, or none will come."""
    change = generation._change
    while time.monotonic() < deadline and generation._open and generation.status == "unknown":
        if job.elsewhere or ((job.looked_at or 0.0) >= asked and not job.giving_up):
            return
        with change:
            change.wait(0.02)


class Books:
    """Both histories side by side.

    Parameters
    ----------
    desk : Desk
        The studio's.
    since_us : int
        From when on, microseconds since 1970.
    account : dict
        What the account listed, by plain request id; listed before the rows here are read, so that a job that is sent
        meanwhile is no stranger.
    before : list of dict
        The unfinished rows before anything was done.
    filled : set of str
        Ids of rows whose cost was just told.
    """

    def __init__(
        self, desk: Desk, since_us: int, account: dict[str, AccountRow], before: list[Row], filled: set[str]
    ) -> None:
        self.desk, self.bench, self.since_us = desk, desk.bench, since_us
        self.before = {row["id"]: row for row in before}
        self.filled = filled
        store, service = self.bench.store, self.bench.backend.name
        self.rows = [row for row in store.sent_since(service, since_us - DAY_US) if self._is_ours(row)]
        self.open = [row for row in store.unfinished(service) if row["sent_at"] and self._is_ours(row)]
        self.known = store.rows_of_requests(account)
        self.listed = account
        self.account = {plain: told for plain, told in account.items() if self._is_within(plain, told)}
        self.guessed = self._guesses()

    def _is_ours(self, row: Row) -> bool:
        """Whether the account can know a row: a preview engine's account ends with it."""
        backend = self.bench.backend
        return backend.name != PREVIEW or row["engine"] == backend.engine

    def _is_within(self, plain: str, told: AccountRow) -> bool:
        row = self.known.get(plain)
        if row is not None:
            return bool((row["sent_at"] or row["created_at"]) >= self.since_us)
        moment = recorded_at(told, self.bench)
        return moment is None or moment >= self.since_us

    def _guesses(self) -> dict[str, AccountRow]:
        """Of requests that no row has, those that are most likely an open row's own: they are no strangers."""
        free = {plain: told for plain, told in self.listed.items() if plain not in self.known}
        guesses = {}
        for row in self.open:
            if row["status"] not in {"unknown", "submitting"}:
                continue
            guess = self.listed.get(normalise(row["request_id"] or ""))
            if guess is None and not (row["request_id"] and row["api"] == "v2"):
                guess = job_of(row, free.values(), set(), self.bench)
            if guess is not None:
                free.pop(normalise(guess.request_id), None)
                guesses[str(row["id"])] = guess
        return guesses

    def findings(self) -> list[dict[str, Any]]:
        """Everything that is worth a line, by kind."""
        return [
            *self._unknown(),
            *self._doubled(),
            *sorted(self._expiring(), key=lambda one: one["at"]),
            *self._unexplained(),
            *self._missing(),
            *self._differing(),
            *self._adopted(),
            *self._filled(),
        ]

    def _unknown(self) -> Iterator[dict[str, Any]]:
        for row in self.open:
            if row["status"] != "unknown":
                continue
            guess = self.guessed.get(row["id"])
            kept = f"{money(to_usd(row['reserved_micros']))} stays reserved"
            ago = f"sent {_span(now_us() - row['sent_at'])} ago"
            wait, close = f'studio.generation("{row["id"]}").wait()', f'studio.write_off("{row["id"]}")'
            if guess is None and not self._is_settled(row):
                then = clock(row["sent_at"] + _SETTLING_US)
                what = f"{ago}; the account may not list it yet: wait, from {then} on it can be written off; {kept}"
                yield _line("unknown", row, what, wait)
            elif guess is None:
                yield _line("unknown", row, f"{ago}; {kept}{self._failure_like(row)}", close)
            elif guess.status != "PENDING":
                what = f"{ago}; the account has a job that is most likely this one; {kept} until it is taken up"
                yield _line("unknown", row, what, wait)
            else:
                since = clock(recorded_at(guess, self.bench) or row["sent_at"])
                what = f"{ago}; the account says that it is still running, since {since}; {kept}"
                yield _line("unknown", row, what, close if row["sent_at"] < now_us() - STUCK_US else wait)

    def _doubled(self) -> Iterator[dict[str, Any]]:
        for rows in self.bench.store.requests_in_two_rows(self.bench.backend.name):
            for row in rows:
                if (row["sent_at"] or row["created_at"]) < self.since_us or not self._is_ours(row):
                    continue
                others = ", ".join(other["id"] for other in rows if other is not row)
                what = f"{others} has the same request: one job, which counts once for each of them"
                yield _line("doubled", row, what, f'studio.generation("{row["id"]}")')

    def _failure_like(self, row: Row) -> str:
        """In words, a failed job of the account that may be a lost row's own, or an earlier try's."""
        if row["request_id"]:
            return ""
        strangers = (told for plain, told in self.listed.items() if plain not in self.known)
        like = job_of(row, strangers, set(), self.bench, failed=True)
        why = "" if like is None else like.error or "no reason given"
        return f"; the account has one like it that failed ({why}), which may be another one" if like else ""

    def _is_settled(self, row: Row) -> bool:
        return bool(row["sent_at"] < now_us() - _SETTLING_US)

    def _expiring(self) -> Iterator[dict[str, Any]]:
        for plain, told in self.account.items():
            row = self.known.get(plain)
            if row is None or row["service"] != self.bench.backend.name or told.status != "COMPLETED":
                continue
            until = self._kept_until(told) or row["sent_at"] + FILE_LIFE_US
            if until <= now_us() or not self._is_away(row, told):
                continue
            what = f"its file is not on this disk; the service keeps it for {_span(until - now_us())} more"
            line = _line("expiring", row, what, f'studio.generation("{row["id"]}").wait()')
            yield {**line, "at": until}

    def _kept_until(self, told: AccountRow) -> int | None:
        moment = recorded_at(told, self.bench)
        return None if moment is None else moment + FILE_LIFE_US

    def _is_away(self, row: Row, told: AccountRow) -> bool:
        """Whether a paid clip is not on the disk; from here on it is fetched, if nobody does so already."""
        if row["status"] == "downloading":
            was = self.before.get(row["id"], {})
            return was.get("status") == "downloading" and leases.is_free(
                was["lease_owner"], row["id"], was["lease_until"], now_us()
            )
        return bring_home(self.desk, row, told)

    def _unexplained(self) -> Iterator[dict[str, Any]]:
        likely = {normalise(guess.request_id) for guess in self.guessed.values()}
        for plain, told in self.account.items():
            if plain in self.known or plain in likely or (told.status == "FAILED" and not told.cost_micros):
                continue
            nothing = told.status == "COMPLETED" and told.url is None and not told.cost_micros
            yield {
                "kind": "unexplained",
                "request_id": told.request_id,
                "prompt": str(inputs_of(told.body).get("prompt") or ""),
                "cost_usd": to_usd(told.cost_micros),
                "at": recorded_at(told, self.bench),
                "what": self._about(told),
                "action": None if nothing else f"studio.adopt({json.dumps(told.request_id)})",
            }

    def _about(self, told: AccountRow) -> str:
        if told.status == "FAILED":
            return f"it failed and was charged all the same: {told.error or 'no reason given'}"
        if told.status != "COMPLETED":
            return "it is still running"
        if told.url is None:
            return "it is finished, but the account does not say where its clip is"
        until = self._kept_until(told)
        if until is None:
            return "it has a clip"
        left = until - now_us()
        return f"the service keeps its clip for {_span(left)} more" if left > 0 else "its clip has expired"

    def _missing(self) -> Iterator[dict[str, Any]]:
        for row in self.rows:
            charged = row["status"] not in {"failed", "submitting", "unknown"} or (
                row["status"] == "failed" and row["billed"]
            )
            within = row["sent_at"] >= self.since_us and self._is_settled(row)
            if charged and within and normalise(row["request_id"] or "") not in self.listed:
                what = f"{row['status']} here, but no such request there"
                yield _line("missing", row, what, f'studio.generation("{row["id"]}")')

    def _differing(self) -> Iterator[dict[str, Any]]:
        for plain, told in self.account.items():
            row = self.known.get(plain)
            if row is None or row["account_micros"] is None or told.status == "PENDING":
                continue
            here, there = (money(to_usd(row[name])) for name in ("cost_micros", "account_micros"))
            what = f"{here} here, {there} by the account: budgets and estimates count the higher one"
            yield _line("differs", row, what, f'studio.generation("{row["id"]}")')

    def _adopted(self) -> Iterator[dict[str, Any]]:
        for key, was in self.before.items():
            row = self.bench.store.row(key) if was["status"] == "unknown" and self._is_ours(was) else None
            if row is None or not row["request_id"]:
                continue
            if row["status"] != "unknown" or was["request_id"] is None:
                state = "it is still running" if row["status"] == "unknown" else f"now {row['status']}"
                yield _line("adopted", row, f"found in the account's history; {state}", f'studio.generation("{key}")')

    def _filled(self) -> Iterator[dict[str, Any]]:
        for row in self.rows:
            if row["id"] in self.filled:
                yield _line("filled", row, "written down as the account has it", f'studio.generation("{row["id"]}")')


def bring_home(desk: Desk, row: Row, told: AccountRow) -> bool:
    """Fetch the clip that the account has of an ended row and the disk has not, at no cost; whether that is so.

    The row is a completed one whose file has vanished, also one that was given up, as long as the account names an
    address; or one that failed here: written off, or by an answer that was not the last word. Of several kernels that
    want to, one does it.
    """
    vanished = row["status"] == "completed" and not desk.has_clip(row)
    url = told.url or (row["output_url"] if vanished else None)
    wanted = vanished or row["status"] == "failed"
    if not wanted or url is None or told.status != "COMPLETED":
        return False
    source = PREVIEW if row["service"] == PREVIEW else "account"
    store = desk.bench.store
    reopened = store.reopen(row["id"], url, status=row["status"], micros=told.cost_micros, source=source)
    if reopened is not None:
        generation = desk.handle(reopened)
        generation._news(reopened, None, followed=False)
        desk.follow(generation)
    return True


def _line(kind: str, row: Row, what: str, action: str) -> dict[str, Any]:
    return {
        "kind": kind,
        "id": row["id"],
        "request_id": row["request_id"],
        "prompt": row["prompt"],
        "cost_usd": to_usd(row["cost_micros"]),
        "at": row["sent_at"],
        "what": what,
        "action": action,
    }


def _span(us: int) -> str:
    hours = us / 3.6e9
    if hours * 60 < 2:
        return f"{hours * 3600:.0f} s"
    return (
        f"{hours / 24:.0f} days" if hours >= 48 else f"{hours:.0f} hours" if hours >= 2 else f"{hours * 60:.0f} minutes"
    )
