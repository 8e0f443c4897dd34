"""The one client: every call to Segmind, on requests.

Two rules about money live here. A paid POST goes out at most once, on a connection of its own, and whatever is not a
clear answer becomes `OutcomeUnknown`. Free requests are retried.
"""

from __future__ import annotations

import contextlib
import json
import math
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

import requests
import tenacity
from requests.adapters import HTTPAdapter

from pixverse_nb import errors, logs
from pixverse_nb.parameters import MODEL

from . import answers, refusals, wire

if TYPE_CHECKING:
    from pixverse_nb.pace import Pace

    from .key import Key
    from .service import Service

T = TypeVar("T")
_MOMENT_S = 0.5  # the shortest reset that a 429 can name
_MOST_OFFSET_S = 86_400.0  # with clocks a day apart hardly a certificate holds: such a date is a mistake


@dataclass(frozen=True)
class Credits:
    """The account's balance, in USD.

    Attributes
    ----------
    paid_usd, free_usd : float
        What was bought, and what was given.
    """

    paid_usd: float
    free_usd: float

    @property
    def total_usd(self) -> float:
        """Both together."""
        return self.paid_usd + self.free_usd

    def __float__(self) -> float:
        return self.total_usd

    def __str__(self) -> str:
        return f"${self.total_usd:,.3f} (${self.paid_usd:,.3f} paid, ${self.free_usd:,.3f} free)"


@dataclass(frozen=True)
class Delivery:
    """A v1 answer: its accounting, and either the clip's bytes as they arrive or a URL to fetch it from."""

    accounting: answers.Accounting
    chunks: Iterator[bytes] | None
    url: str | None
    expected_bytes: int | None = None


class Client:
    """Speaks v1, v2, uploads, credits and the account's history.

    Parameters
    ----------
    service : Service
        The addresses.
    key : Key
        Goes into the `x-api-key` header of these addresses and nowhere else; no redirect is followed with it.
    pace : Pace
        Time-outs and retries.

    Attributes
    ----------
    clock_offset_s : float
        How far the service's clock is ahead of this machine's, s, by the last answer's `Date`; 0 before the first.
    """

    clock_offset_s = 0.0

    def __init__(self, service: Service, key: Key, pace: Pace) -> None:
        self.service = service
        self.key = key
        self.pace = pace
        self._local = threading.local()

    def __repr__(self) -> str:
        return f"<Client of {self.service.api}>"

    # ---- paid: sent at most once -------------------------------------------------------------------------------

    def submit(self, body: Mapping[str, Any]) -> str:
        """Queue a job on v2; returns its request id.

        Raises
        ------
        ServiceUnreachable
            No connection: nothing was sent.
        RateLimited, ServiceError
            An answered 4xx or 500: nothing was queued, nothing billed.
        OutcomeUnknown
            Any other outcome: it may be running and billed.
        """
        with self._paid(self.service.v2, body, self.pace.submit_read_s) as response:
            try:
                return answers.read_accepted(self._json(response, self.pace.submit_read_s))
            except (errors.BadAnswer, wire.Cut) as error:
                raise refusals.lost_answer(
                    getattr(error, "what", str(error)), response.status_code, getattr(error, "detail", None)
                ) from None

    @contextlib.contextmanager
    def run(self, body: Mapping[str, Any]) -> Iterator[Delivery]:
        """The document's blocking call on v1: the answer is the clip, or JSON with its URL.

        Raises as `submit`; errors while the clip's bytes arrive are `OutcomeUnknown` too: the 200 was billed.
        """
        with self._paid(self.service.v1, body, self.pace.run_read_s) as response:
            yield self._delivery(response)

    @contextlib.contextmanager
    def _paid(self, url: str, body: Mapping[str, Any], read_s: float) -> Iterator[requests.Response]:
        # A kept-alive connection may have been closed by the other side just now, and then nobody could say whether
        # the POST was read: a paid request therefore gets a connection of its own.
        adapter = wire.PaidAdapter()
        with self._new_session(adapter) as session:
            try:
                with logs.asking("POST", url) as answer:
                    response = session.post(
                        url, json=body, timeout=(self.pace.connect_s, read_s), allow_redirects=False, stream=True
                    )
                    answer["status"] = response.status_code
            except OSError as error:  # all of requests' errors are; so is that of certificates that are not there
                if adapter.never_sent(error):
                    raise self._unreachable(url, f"{wire.reason(error)}, so nothing was sent") from None
                raise refusals.lost_answer(wire.reason(error), None) from None
            with response:
                self._note_clock(response)
                self._check_paid(response)
                yield response

    def _check_paid(self, response: requests.Response) -> None:
        status = response.status_code
        if status < 300:
            return
        if status < 400 or (status >= 500 and status != 500):
            raise refusals.lost_answer(
                f"the service answered {status}",
                status,
                refusals.read_detail(self._text(response)),
                self._headers(response).get("x-request-id"),
            )
        raise self._refusal(response)

    def _delivery(self, response: requests.Response) -> Delivery:
        accounting = answers.Accounting.of_headers(self._headers(response))
        kind = response.headers.get("content-type", "").lower()
        billed = kind.startswith("video/") or "x-cost" in response.headers
        deadline = wire.Deadline(response, 2 * self.pace.run_read_s)
        chunks = wire.stream(response)
        try:
            first = next(chunks, b"")
            if _is_clip(kind, first):
                deadline.lift()
                clip = _paid_for(wire.again(first, chunks), accounting)
                return Delivery(accounting, clip, None, wire.content_length(response))
            body = answers.read_json(self.key.scrub(wire.bounded(wire.again(first, chunks))))
            if isinstance(body, Mapping):
                accounting = accounting.or_else(answers.Accounting.of_metrics(body))
            return Delivery(accounting, None, answers.read_output(body))
        except (errors.BadAnswer, wire.Cut) as error:
            lost = refusals.lost_answer(
                getattr(error, "what", str(error)),
                response.status_code,
                getattr(error, "detail", None),
                accounting.request_id,
            )
            raise refusals.reported(lost, accounting, billed=billed) from None

    # ---- free: single shots, the caller decides when to ask again ----------------------------------------------

    def status(self, request_id: str) -> answers.Progress:
        """How a v2 job is doing; raises GenerationFailed for a FAILED one, which arrives under 422."""
        return answers.read_progress(self._ask_for(request_id, "/status"))

    def result(self, request_id: str) -> tuple[str, answers.Accounting]:
        """URL of the finished clip of a v2 job, and what it cost.

        Raises
        ------
        GenerationFailed
            When the job failed after all, under whatever HTTP status it says so.
        BadAnswer
            While it is not finished.
        """
        body = self._ask_for(request_id)
        if isinstance(body, Mapping) and body.get("status") is not None:
            status = answers.read_progress(body).status
            if status == "failed":
                raise refusals.refusal(422, json.dumps(body))
            if status != "completed":
                raise errors.BadAnswer(f"the result is asked for, but the job is {status}")
        accounting = answers.Accounting.of_metrics(body) if isinstance(body, Mapping) else answers.Accounting()
        return answers.read_output(body), accounting

    def _ask_for(self, request_id: str, what: str = "") -> Any:
        url = f"{self.service.requests}/{quote(request_id, safe='')}{what}"
        try:
            return self._ask(url)
        except errors.NotFound as error:
            raise errors.RequestExpired(
                "the service does not know this request (any more: records live about an hour)",
                status_code=error.status_code,
                detail=error.detail,
                request_id=request_id,
                remedy="studio.resume() looks for it in the account's history.",
            ) from None

    # ---- free: retried ----------------------------------------------------------------------------------------

    def credits(self) -> Credits:
        """The balance in USD; also the cheapest way to check a key."""
        body = self._retried(lambda: self._ask(self.service.credits))
        paid, free = (answers.read_number(body, name) for name in ("credits", "free-credits"))
        if paid is None and free is None:
            raise errors.BadAnswer("the answer holds no balance")
        return Credits(paid or 0.0, free or 0.0)

    def upload(self, data_uri: str) -> str:
        """Upload a picture (a base64 data URI); returns its URL. Free, but it cannot be deleted.

        RateLimited is raised at once when its reset is more than a moment away: no thread sleeps until then.
        """
        body = {"data_urls": [data_uri]}
        return self._retried(
            lambda: answers.read_uploaded(self._ask(self.service.upload, post=body)), longest_reset_s=_MOMENT_S
        )

    def account_row(self, request_id: str) -> answers.AccountRow | None:
        """One request of any age from the account's history; None when the account does not know it."""
        try:
            body = self._retried(lambda: self._ask(f"{self.service.history}/{quote(request_id, safe='')}"))
        except errors.NotFound:
            return None
        found = (answers.read_account_row(row) for row in answers.read_account_rows(body))
        return answers.merged(row for row in found if row is not None).get(answers.normalise(request_id))

    def account_rows(self, since: date, until: date) -> Iterator[answers.AccountRow]:
        """This model's records between two days (inclusive, at most 31 days apart), newest first.

        There may be several of one request, one for each output: see `answers.merged`.
        """
        seen: set[str] = set()
        for page in range(1, 101):
            query = {
                "page": page,
                "per_page": 100,
                "from_date": since.isoformat(),
                "to_date": min(until, since + timedelta(days=30)).isoformat(),
                "model_name": MODEL,
            }
            rows = answers.read_account_rows(self._retried(lambda q=query: self._ask(self.service.history, query=q)))  # type: ignore[misc]
            before = len(seen)
            for row in map(answers.read_account_row, rows):
                if row is not None:
                    seen.add(row.request_id)
                    yield row
            # A service that caps its pages lower does so at a round number: then there may be more of them.
            if len(rows) % 10 or len(seen) == before:
                return

    def _retried(self, call: Callable[[], T], *, longest_reset_s: float = math.inf) -> T:
        def is_worth_it(error: BaseException) -> bool:
            return is_transient(error) and getattr(error, "reset_s", 0.0) <= longest_reset_s

        return tenacity.Retrying(
            retry=tenacity.retry_if_exception(is_worth_it),
            stop=tenacity.stop_after_attempt(self.pace.attempts),
            wait=self._wait,
            before_sleep=logs.retrying,
            reraise=True,
        )(call)

    def _wait(self, state: tenacity.RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        backoff = tenacity.wait_random_exponential(self.pace.retry_s, max=15)(state)
        return max(backoff, min(getattr(error, "reset_s", 0.0), 60.0))

    # ---- plumbing ---------------------------------------------------------------------------------------------

    def _unreachable(self, url: str, why: str) -> errors.ServiceUnreachable:
        return refusals.unreachable(url, why, is_here=self.service.is_loopback)

    def _ask(
        self,
        url: str,
        *,
        query: Mapping[str, Any] | None = None,
        post: Mapping[str, Any] | None = None,
    ) -> Any:
        method = "GET" if post is None else "POST"
        try:
            with logs.asking(method, url) as answer:
                response = self._session.request(
                    method,
                    url,
                    params=query,
                    json=post,
                    timeout=(self.pace.connect_s, self.pace.read_s),
                    allow_redirects=False,
                    stream=True,
                )
                answer["status"] = response.status_code
        except OSError as error:  # all of requests' errors are; so is that of certificates that are not there
            raise self._unreachable(url, wire.reason(error)) from None
        with response:
            self._note_clock(response)
            if 300 <= response.status_code < 400:
                raise errors.BadAnswer(
                    "the service redirects to another address; the key is not sent there",
                    status_code=response.status_code,
                    remedy="Check base_url.",
                )
            if response.status_code >= 400:
                raise self._refusal(response)
            try:
                return self._json(response, self.pace.read_s)
            except wire.Cut as cut:
                raise self._unreachable(url, str(cut)) from None

    @property
    def _session(self) -> requests.Session:
        # requests' Session is not promised to be safe across threads: each thread keeps one, and its connections.
        if not hasattr(self._local, "session"):
            self._local.session = self._new_session()
        session: requests.Session = self._local.session
        return session

    def _new_session(self, adapter: HTTPAdapter | None = None) -> requests.Session:
        session = requests.Session()
        session.auth = wire.Header(self.key)
        session.trust_env = not self.service.is_loopback  # an environment proxy is not meant for this machine
        for scheme in ("http://", "https://"):
            session.mount(scheme, adapter or HTTPAdapter(max_retries=0))
        return session

    def _note_clock(self, response: requests.Response) -> None:
        moment = answers.read_http_date(response.headers.get("date"))
        if moment is None or "age" in response.headers:  # a cache's answer bears an old date
            return
        offset = moment.timestamp() + 0.5 - time.time()  # its fraction of a second was cut off
        if abs(offset) < _MOST_OFFSET_S:
            self.clock_offset_s = offset

    def _json(self, response: requests.Response, read_s: float) -> Any:
        wire.Deadline(response, 2 * read_s)
        return answers.read_json(self.key.scrub(wire.bounded(wire.stream(response))))

    def _text(self, response: requests.Response) -> str:
        wire.Deadline(response, 2 * self.pace.read_s)
        try:
            return self.key.scrub(wire.bounded(wire.stream(response)))
        except (errors.BadAnswer, wire.Cut):
            return ""

    def _headers(self, response: requests.Response) -> Mapping[str, str]:
        """An answer's headers; a header may repeat the key just as a body may."""
        return requests.structures.CaseInsensitiveDict(
            {name: self.key.scrub(value) for name, value in response.headers.items()}
        )

    def _refusal(self, response: requests.Response) -> errors.ServiceError:
        error = refusals.refusal(response.status_code, self._text(response), self._headers(response))
        if isinstance(error, errors.RateLimited):
            error.reset_s = refusals.reset_seconds(response.headers)
        if isinstance(error, errors.AuthenticationError):
            error.remedy = f"{error.remedy} The key came from {self.key.source}."
        return error


def is_transient(error: BaseException) -> bool:
    """Whether asking again may help: blips, cut connections, 5xx, 429 and garbage. For free requests only."""
    return isinstance(
        error, errors.ServiceUnreachable | errors.ServerError | errors.RateLimited | errors.BadAnswer
    ) and not (isinstance(error, errors.BadAnswer) and error.status_code is not None)


def _paid_for(chunks: Iterator[bytes], accounting: answers.Accounting) -> Iterator[bytes]:
    """A clip's bytes as they arrive under a 200; when they break off, it is billed all the same."""
    try:
        yield from chunks
    except wire.Cut as cut:
        raise refusals.reported(
            refusals.lost_answer(str(cut), 200, None, accounting.request_id), accounting, billed=True
        ) from None


def _is_clip(content_type: str, first: bytes) -> bool:
    if first[4:8] == b"ftyp":
        return True
    return content_type.startswith("video/") and not first.lstrip().startswith((b"{", b"<"))
