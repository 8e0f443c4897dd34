"""The desk that every request comes to: who may, what is asked, which fault strikes, what the answer is."""

from __future__ import annotations

import re
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pixverse_nb.errors import InvalidParameter
from pixverse_nb.parameters import MODEL

from . import aims, records
from .account import Account
from .faults import BODY_FIELD, HEADER, Fault, FaultScript, parse_all, parse_header
from .jobs import Job, Jobs, Render
from .order import Order, read_json, read_order
from .replies import JSON, Refusal, Reply, error, json_reply, rate_limited
from .shelf import TYPES, Shelf
from .strike import altered, lateness, replaced

KEY = re.compile(r"[!-~]{1,256}")


@dataclass(frozen=True)
class Settings:
    """What kind of service the engine plays; `PreviewServer` says what each means."""

    keys: Collection[str] | None
    balance: float
    free_credits: float
    record_life_s: float
    file_life_s: float
    history_lag_s: float
    rate_limit: int | None
    rate_window_s: float
    pace: float
    workers: int
    v1_json: bool
    render: Render | None


@dataclass(frozen=True)
class Call:
    """A request as it came in, its body read; header names are in lower case."""

    method: str
    path: str
    target: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    base: str
    about: str = ""
    fault: Fault | None = None
    own_faults: FaultScript = field(default_factory=FaultScript)

    @property
    def v1(self) -> bool:
        """Whether it is a call of the older, blocking interface."""
        return self.path.startswith("/v1/")

    def json(self) -> dict[str, Any]:
        """The body as a JSON object; Refusal 406 or 400 when it is none."""
        kind = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != JSON:
            raise Refusal(406, f"Content-Type {kind or 'missing'} is not accepted: send application/json")
        try:
            body = read_json(self.body)
        except (ValueError, RecursionError) as broken:
            raise Refusal(400, f"Invalid JSON: {broken}") from None
        if not isinstance(body, dict):
            raise Refusal(400, "Invalid request format: the body must be a JSON object")
        return body


@dataclass(frozen=True)
class Route:
    """A path of the API; the one group of its pattern, if any, says what the call is about."""

    verb: str
    pattern: re.Pattern[str]
    at: str | None
    keyed: bool
    handler: Callable[[Desk, Call], Reply]


class Desk:
    """Answers calls.

    Parameters
    ----------
    settings : Settings
        What kind of service to play.
    folder : Path
        Where pictures and clips lie.
    faults : FaultScript
        The faults that strike whoever comes.
    """

    def __init__(self, settings: Settings, folder: Path, faults: FaultScript) -> None:
        self.settings = settings
        self.faults = faults
        self.closing = threading.Event()
        self.shelf = Shelf(folder, settings.file_life_s)
        self.account = Account(settings.balance, settings.free_credits, settings.record_life_s)
        self.jobs = Jobs(
            self.shelf, self.account.settle, render=settings.render, workers=settings.workers, pace=settings.pace
        )
        self._sends: deque[float] = deque()
        self._sends_lock = threading.Lock()

    def answer(self, call: Call) -> Reply:
        """The answer to a call, faults included."""
        try:
            route, about = self._route(call)
            if route.keyed:
                self._authenticate(call)
            if route.at == "submit" and (reply := self._limited()):
                return reply
            call = self._struck(replace(call, about=about), route)
            return self._play(route, call)
        except Refusal as refusal:
            return refusal.reply

    def pause(self, seconds: float) -> bool:
        """Wait; True when the engine is closing and there is nothing to wait for any more."""
        return self.closing.wait(seconds) if seconds > 0 else self.closing.is_set()

    def close(self, patience_s: float) -> None:
        """End every job; see `Jobs.close`."""
        self.closing.set()
        self.jobs.close(patience_s)

    def _route(self, call: Call) -> tuple[Route, str]:
        found = [(route, match) for route in ROUTES if (match := route.pattern.fullmatch(call.path))]
        if not found:
            raise Refusal(404)
        verb = "GET" if call.method == "HEAD" else call.method
        for route, match in found:
            if route.verb == verb:
                return route, match[1] if match.re.groups else ""
        verbs = [verb for route, _ in found for verb in (("GET", "HEAD") if route.verb == "GET" else (route.verb,))]
        raise Refusal(405, headers={"Allow": ", ".join(verbs)})

    def _authenticate(self, call: Call) -> None:
        key = call.headers.get("x-api-key", "").strip()
        if not key:
            raise Refusal(401, "Missing API key: send it in the x-api-key header")
        known = KEY.fullmatch(key) if self.settings.keys is None else key in self.settings.keys
        if not known:
            raise Refusal(401, "Invalid API key: it was rejected")

    def _limited(self) -> Reply | None:
        """429 when there were too many sends within the window."""
        limit, window = self.settings.rate_limit, self.settings.rate_window_s
        if limit is None:
            return None
        now = time.monotonic()
        with self._sends_lock:
            while self._sends and self._sends[0] <= now - window:
                self._sends.popleft()
            if len(self._sends) >= limit:
                return rate_limited(self._sends[0] + window - now)
            self._sends.append(now)
        return None

    def _struck(self, call: Call, route: Route) -> Call:
        """The call with the fault that strikes it: its own first, then its job's, then anybody's."""
        try:
            own = parse_header(call.headers.get(HEADER, ""))
            if route.at == "submit":
                own += parse_all(_body_faults(call.body))
                aims.check_submit(own, v1=call.v1, as_bytes=call.v1 and not self.settings.v1_json)
            else:
                aims.check_exchange(own, route.at)
        except ValueError as broken:
            raise Refusal(400, f"preview fault: {broken}") from None
        if route.at is None:
            return call
        script = FaultScript(own)
        job = self._job_about(call, route.at)
        unfit = () if call.v1 else ("json",)
        fault = script.take(route.at) or (job and job.faults.take(route.at)) or self.faults.take(route.at, unfit)
        return replace(call, fault=fault, own_faults=script)

    def _job_about(self, call: Call, at: str) -> Job | None:
        if at == "download":
            clip = self.shelf.clip(call.about)
            return self.account.find(clip[1]) if clip else None
        return self.account.find(call.about) if call.about else None

    def _play(self, route: Route, call: Call) -> Reply:
        """The answer as the call's fault leaves it."""
        fault = call.fault
        if fault and fault.replaces_answer:
            if fault.queued:
                with suppress(Refusal):  # whoever stands between cannot know that it was refused
                    self._enqueue(call)
            self.pause(lateness(fault))
            return replaced(fault, call.base, call.target)
        try:
            reply = route.handler(self, call)
        except Refusal as refusal:
            reply = refusal.reply
        return self._spoilt(fault, reply)

    def _spoilt(self, fault: Fault | None, reply: Reply) -> Reply:
        if fault is None:
            return reply
        self.pause(lateness(fault))
        return altered(fault, reply)

    # Generations

    def _enqueue(self, call: Call) -> Job:
        """Take a job in; Refusal when it cannot be paid or, on v1, is not valid (contract, v2 in full)."""
        body = call.json()
        order: Order | None = None
        objection: str | None = None
        try:
            order = read_order(body, self.shelf)
        except InvalidParameter as invalid:
            objection = invalid.what
            if call.v1:
                raise Refusal(400, objection) from None
        job = Job(body, order, objection, faults=call.own_faults)
        if not self.account.open(job):
            raise Refusal(
                406 if call.v1 else 402
            )  # contract, Status codes: on v2 it is likely, and not in the document
        unfit = ("output",) if self._in_bytes(call) else ()
        job.quirks = call.own_faults.take_all("job") + self.faults.take_all("job", unfit)
        self.jobs.submit(job)
        return job

    def post_v2(self, call: Call) -> Reply:
        """Queue and answer at once."""
        return json_reply(records.submitted(self._enqueue(call), call.base))

    def post_v1(self, call: Call) -> Reply:
        """Queue, wait for the end, answer with the clip."""
        job = self._enqueue(call)
        job.done.wait()
        if job.error is not None or job.clip is None:
            failed = error(422, job.error)
            failed.headers |= records.headers(job)
            return failed
        if not self._in_bytes(call):
            return json_reply(records.result(job, call.base)[1], headers=records.headers(job))
        reply = Reply(200, {"Content-Type": "video/mp4", **records.headers(job)}, job.clip)
        unfit = aims.INSTEAD_OF_CLIP  # they wait for a download of its own
        return self._spoilt(job.faults.take("download", unfit) or self.faults.take("download", unfit), reply)

    def _in_bytes(self, call: Call) -> bool:
        """Whether the answer is the clip itself: v1's, unless it is to be JSON or is lost."""
        other = self.settings.v1_json or (call.fault and (call.fault.kind == "json" or call.fault.replaces_answer))
        return call.v1 and not other

    def _polled(self, call: Call) -> Job:
        job = self.account.poll(call.about)
        if job is None:
            raise Refusal(404, "Request not found or expired")
        return job

    def get_status(self, call: Call) -> Reply:
        """How far a job is."""
        code, body = records.status(self._polled(call), call.base)
        return json_reply(body, code)

    def get_result(self, call: Call) -> Reply:
        """What a job has come to."""
        code, body = records.result(self._polled(call), call.base)
        return json_reply(body, code)

    # Files

    def get_clip(self, call: Call) -> Reply:
        """A clip, for everybody who has its URL."""
        found = self.shelf.clip(call.about)
        if found is None or not found[0].is_file():
            raise Refusal(404, "File not found or expired")
        clip, _ = found
        return Reply(200, {"Content-Type": "video/mp4", "ETag": f'"{clip.stem}"'}, clip)

    def get_asset(self, call: Call) -> Reply:
        """An uploaded picture, for everybody who has its URL; a browser must not run what is in it."""
        asset = self.shelf.asset(call.about)
        if asset is None:
            raise Refusal(404, "File not found")
        kind = TYPES.get(asset.suffix[1:], TYPES["bin"])
        guard = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox"}
        return Reply(200, {"Content-Type": kind, "ETag": f'"{asset.stem}"', **guard}, asset)

    def post_asset(self, call: Call) -> Reply:
        """Store uploads and answer their URLs."""
        urls = call.json().get("data_urls")
        if not isinstance(urls, list) or not urls or not all(isinstance(url, str) for url in urls):
            raise Refusal(400, "data_urls must be a list of data URLs")
        try:
            names = [self.shelf.keep_asset(url) for url in urls]
        except ValueError as broken:
            raise Refusal(400, f"data_urls: {broken}") from None
        files = [f"{call.base}/assets/{name}" for name in names]
        return json_reply({"file_urls": files, "message": "Files uploaded successfully"})

    # Account

    def get_credits(self, call: Call) -> Reply:
        """The balance."""
        del call  # the same for every key
        return json_reply(self.account.balance())

    def get_history(self, call: Call) -> Reply:
        """A page of the account history; rows appear with the lag that was set."""
        shown_until = time.monotonic() - self.settings.history_lag_s
        jobs = [job for job in self.account.jobs() if job.created <= shown_until]
        return json_reply(records.history(jobs, call.query, call.base))

    def get_request(self, call: Call) -> Reply:
        """One request, of any age."""
        job = self.account.find(call.about)
        if job is None or time.monotonic() - job.created < self.settings.history_lag_s:
            raise Refusal(404, "Request not found")
        return json_reply(records.row(job, call.base))

    def get_root(self, call: Call) -> Reply:
        """A word for people who open the URL in a browser."""
        text = (
            "The PixVerse preview engine: it speaks Segmind's protocol, draws its own clips, and charges nothing.\n"
            f"Point a client at it: base_url={call.base!r}, with any key.\n"
        )
        return Reply(200, {"Content-Type": "text/plain; charset=utf-8"}, text.encode())


def _body_faults(body: bytes) -> object:
    """The faults in a submit's body; a body that cannot be read has none, and is refused later."""
    try:
        fields = read_json(body)
    except (ValueError, RecursionError):
        return []
    return fields.get(BODY_FIELD, []) if isinstance(fields, dict) else []


def _route(
    verb: str, path: str, handler: Callable[[Desk, Call], Reply], at: str | None, *, keyed: bool = True
) -> Route:
    return Route(verb, re.compile(path), at, keyed, handler)


ROUTES = (
    _route("POST", f"/v1/{MODEL}", Desk.post_v1, "submit"),
    _route("POST", f"/v2/{MODEL}", Desk.post_v2, "submit"),
    _route("GET", "/v2/requests/([^/]+)/status", Desk.get_status, "status"),
    _route("GET", "/v[12]/requests/([^/]+)", Desk.get_result, "result"),
    _route("GET", "/v1/get-user-credits", Desk.get_credits, "credits"),
    _route("GET", records.HISTORY, Desk.get_history, "history"),
    _route("GET", records.HISTORY + "/([^/]+)", Desk.get_request, "history"),
    _route("POST", "/upload-asset", Desk.post_asset, "upload"),
    _route("GET", "/files/([0-9a-f]+)[.]mp4", Desk.get_clip, "download", keyed=False),
    _route("GET", "/assets/([^/]+)", Desk.get_asset, None, keyed=False),
    _route("GET", "/", Desk.get_root, None, keyed=False),
)
