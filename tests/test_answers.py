"""What the service says, read: every shape of segmind.md, and shapes that nobody promised."""

import json
import math
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixverse_nb import errors
from pixverse_nb.segmind import answers, refusals
from pixverse_nb.segmind.key import Key

URL = "https://images.segmind.com/outputs/clip.mp4"

# ---- status codes: each code, each form of body -------------------------------------------------------------------

KINDS = {
    400: errors.BadRequest,
    401: errors.AuthenticationError,
    402: errors.InsufficientCredits,
    403: errors.PermissionDenied,
    404: errors.NotFound,
    405: errors.WrongMethod,
    406: errors.RejectedValue,
    410: errors.ModelRetired,
    422: errors.GenerationFailed,
    429: errors.RateLimited,
    500: errors.ServerError,
    502: errors.ServerError,
    503: errors.ServerError,
    504: errors.ServerError,
    418: errors.ServiceError,
}
WORDS = "the steps are <too> steep & high"
FORMS = {
    "error": json.dumps({"error": WORDS}),
    "described": json.dumps({"error": "No", "error_description": WORDS, "status_code": 400}),
    "message": json.dumps({"message": WORDS}),
    "nested": json.dumps({"error": {"code": 7, "message": WORDS}}),
    "text": WORDS,
    "string": json.dumps(WORDS),
    "html": "<!doctype html><html><head><title>the steps are &lt;too&gt; steep &amp; high</title></head><p>x</p>",
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("status", KINDS)
def test_every_status_code_in_every_form_is_one_error_with_words_and_remedy(status, form):
    """Contract, Status codes: JSON, plain text and HTML are all read; an answered error is never billed."""
    error = refusals.refusal(status, FORMS[form], {"x-request-id": "r-1"})
    page = (status, form) == (406, "html")  # it says nothing of its own: the document's meaning counts
    assert type(error) is (errors.InsufficientCredits if page else KINDS[status])
    assert (error.status_code, error.billed, error.request_id) == (status, False, "r-1")
    assert WORDS in error.detail
    assert "<p>" not in error.detail
    assert WORDS in str(error)
    assert "Nothing was billed." in str(error)
    assert error.remedy
    assert str(error).endswith(error.remedy)


@pytest.mark.parametrize("status", KINDS)
@pytest.mark.parametrize("text", ["", "   \n", "{}", "[]", "null", '{"error": ""}', "[" * 100_000])
def test_an_error_without_words_still_says_what_happened(status, text):
    error = refusals.refusal(status, text)
    assert error.what
    assert len(str(error)) < 1000
    assert "None" not in str(error)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Insufficient credits", errors.InsufficientCredits),
        ("Not enough credits to process request", errors.InsufficientCredits),
        ("", errors.InsufficientCredits),
        ("Content-Type text/html is not accepted", errors.UnsupportedType),
        ("Unsupported media type", errors.UnsupportedType),
        ("The team's spending limit is reached", errors.SpendingLimit),
        ("Member budget exceeded", errors.SpendingLimit),
        ("duration must be at most 15", errors.RejectedValue),
    ],
)
def test_the_four_meanings_of_406_are_told_apart(text, kind):
    found = [refusals.refusal(406, body) for body in (text, json.dumps({"error": text}))]
    assert [type(e) for e in found] == [kind, kind]
    remedies = {refusals.refusal(406, t).remedy for t in ("credits", "Content-Type", "team limit", "bad value")}
    assert len(remedies) == 4


def test_the_two_meanings_of_401_are_told_apart():
    missing, rejected = refusals.refusal(401, "Missing API key"), refusals.refusal(401, "Invalid API key")
    assert "no API key arrived" in missing.what
    assert "SEGMIND_API_KEY" in missing.remedy
    assert "rejected" in rejected.what
    assert missing.remedy != rejected.remedy


@pytest.mark.parametrize(
    "text", ["Refused by content moderation", "NSFW content detected", "This violates our content policy"]
)
@pytest.mark.parametrize("form", ["{}", '{{"error": "{}"}}', '{{"status": "FAILED", "error": "{}"}}'])
def test_moderation_is_known_by_its_text(text, form):
    """Contract: moderation arrives under 422, as text only."""
    error = refusals.refusal(422, form.format(text))
    assert type(error) is errors.ModerationRefused
    assert "refused again" in error.remedy


def test_long_words_are_cut():
    assert len(refusals.refusal(400, "x" * 10_000).detail) == 500


@pytest.mark.parametrize(
    ("words", "told"), [(("no money", "Payment Required"), "no money"), (("payment required",), "payment required")]
)
def test_what_http_calls_a_status_is_told_only_where_nothing_else_is(words, told):
    body = dict(zip(("error", "message"), words, strict=False))
    assert refusals.refusal(402, json.dumps(body)).detail == told


# ---- when to send again ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "write",
    [
        lambda m: m.isoformat(),
        lambda m: m.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        lambda m: m.replace(tzinfo=None).isoformat(),
        lambda m: m.strftime("%Y-%m-%d %H:%M:%S UTC"),
        lambda m: (m.astimezone(timezone(timedelta(hours=5)))).isoformat(),
        lambda m: str(int(m.timestamp())),
        lambda m: str(int(m.timestamp() * 1000)),
        lambda m: m.isoformat()[:-6] + ".1234567+00:00",
    ],
)
def test_the_reset_is_read_in_every_spelling_of_a_time(write):
    """x-rate-limit-reset-at-utc as ISO 8601 or as an epoch, s or ms."""
    now = datetime(2026, 11, 22, 12, 0, 0, tzinfo=timezone.utc)
    seconds = refusals.reset_seconds({"x-rate-limit-reset-at-utc": write(now + timedelta(seconds=40))}, now)
    assert seconds == pytest.approx(40, abs=0.2)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 15.0),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}, 15.0),
        ({"x-rate-limit-reset-at-utc": "soon"}, 15.0),
        ({"x-rate-limit-reset-at-utc": "9" * 15}, 15.0),
        ({"x-rate-limit-reset-at-utc": "9" * 400}, 15.0),
        ({"x-rate-limit-reset-at-utc": "0001-01-01T00:00:00+14:00"}, 15.0),
        ({"x-rate-limit-reset-at-utc": "2000-01-01T00:00:00Z"}, 0.5),
        ({"x-rate-limit-reset-at-utc": "2999-01-01T00:00:00Z"}, 3600.0),
    ],
)
def test_an_absent_or_absurd_reset_is_a_sane_pause(headers, seconds):
    assert refusals.reset_seconds(headers) == seconds


# ---- figures: None, never zero -----------------------------------------------------------------------------------

ABSURD = [None, "", "free", "nan", "inf", math.nan, math.inf, -1, "-0.5", True, [], {}, 10**400, "9" * 400, 1e14]


@pytest.mark.parametrize("value", ABSURD)
def test_an_absurd_cost_is_none_never_zero(value):
    """The truth is what the service reports; what is no figure is not known, and must fit every database."""
    in_metrics = answers.Accounting.of_metrics({"metrics": {"cost": value, "queue_time": value}})
    assert in_metrics.cost_micros is None
    if value != 1e14:  # long, but a time
        assert in_metrics.queue_s is None
    if isinstance(value, str):
        assert answers.Accounting.of_headers({"x-cost": value}).cost_micros is None
    row = answers.read_account_row({"request_id": "r", "credits_deduction": value})
    assert row.cost_micros is None


@pytest.mark.parametrize("body", [{}, {"metrics": None}, {"metrics": []}, {"metrics": "0.3"}, {"metrics": {}}])
def test_missing_metrics_are_none(body):
    assert answers.Accounting.of_metrics(body) == answers.Accounting()
    assert answers.Accounting.of_headers({}) == answers.Accounting()


def test_reported_figures_are_read():
    """v2's metrics and v1's headers; a reported zero is a zero."""
    metrics = {"cost": "0.28125", "remaining_credits": -0.5, "inference_time": 60, "queue_time": 0, "retry_count": 0}
    read = answers.Accounting.of_metrics({"metrics": metrics, "seed": 7, "request_id": "r"})
    assert read == answers.Accounting(281_250, -0.5, 0.0, 60.0, 7, "r")
    headers = {"x-cost": "0", "x-remaining-credits": "3", "x-request-id": "r", "x-generation-time": "5.5"}
    assert answers.Accounting.of_headers({**headers, "x-seed-value": "9"}) == answers.Accounting(
        0, 3, None, 5.5, 9, "r"
    )
    assert answers.Accounting.of_headers({"x-seed-value": "1.5"}).seed is None


# ---- where the clip is -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        {"output": URL},
        {"output": f" {URL} "},
        {"output": [URL]},
        {"output": [{"url": URL}]},
        {"output": {"url": URL}},
        {"output": {"video": {"url": URL, "content_type": "video/mp4"}}},
        {"output": {"data": [{"files": [{"href": URL}]}]}},
        {"output": None, "video": {"url": URL, "file_size": 9}},
        {"video": URL},
        {"video_url": URL},
        {"result": {"videos": [URL]}},
        [URL],
        URL,
        {"output": {"thumbnail": "https://x.com/a.jpg", "clip": URL}},
        {"input": {"image_url": "https://x.com/a.png?b=1"}, "answer": URL},
        {"status_url": "https://api.segmind.com/v2/requests/1/status", "clip": URL},
        {"output": json.dumps([URL])},
        {"output": f" {json.dumps({'url': URL, 'thumbnail': 'https://x.com/a.jpg'})} "},
        {"note": "https://x.com/a is where it was made", "clip": URL},
        {"note": "https://x.com/a is where it was made", "answer": {"href": URL}},
    ],
)
def test_the_output_is_found_in_every_shape(body):
    """Contract: `output` is a URL string; tolerate a list, an object, nesting; often `video.url`."""
    assert answers.read_output(body) == URL


@pytest.mark.parametrize("wrap", [lambda u: u, lambda u: [u], lambda u: {"url": u}, lambda u: json.dumps([u])])
def test_a_clips_address_with_spaces_is_taken_percent_encoded(wrap):
    """A paid clip is not lost for a space in its file's name."""
    body = {"status": "COMPLETED", "output": wrap("https://images.segmind.com/my own/a  clip.mp4?sig=a b")}
    assert answers.read_output(body) == "https://images.segmind.com/my%20own/a%20%20clip.mp4?sig=a%20b"


def test_an_address_without_spaces_comes_before_one_with_them():
    assert answers.read_output({"output": ["https://x.com/a clip", "https://x.com/clip"]}) == "https://x.com/clip"


def test_json_text_is_opened_one_level_deep():
    with pytest.raises(errors.BadAnswer):
        answers.read_output({"output": json.dumps([json.dumps([URL])])})


def test_the_accounts_row_may_keep_its_address_as_json_text():
    row = answers.read_account_row({"request_id": "r", "generation_url": json.dumps([URL])})
    assert row.url == URL


@pytest.mark.parametrize("text", [None, "", "yesterday", "0", "Sun, 99 Nov 2026 10:00:00 GMT"])
def test_what_is_no_date_header_tells_no_time(text):
    assert answers.read_http_date(text) is None


def test_a_date_header_is_utc():
    moment = datetime(2026, 11, 22, 10, 0, 5, tzinfo=timezone.utc)
    assert answers.read_http_date("Sun, 22 Nov 2026 10:00:05 GMT") == moment


def test_figures_are_filled_up_and_never_overwritten():
    """A cost of zero is a figure: only what is missing is taken from the other."""
    first, second = answers.Accounting(cost_micros=0, seed=1), answers.Accounting(cost_micros=5, seed=2, queue_s=3.0)
    assert first.or_else(second) == answers.Accounting(cost_micros=0, seed=1, queue_s=3.0)


@pytest.mark.parametrize(
    "body",
    [
        None, 7, "", "no", [], {}, {"output": None}, {"output": ""}, {"output": "clip.mp4"},
        {"output": "ftp://x/c.mp4"}, {"output": "file:///etc/passwd"}, {"output": "data:video/mp4;base64,AA"},
        {"output": "https://a b/c.mp4"}, {"output": "[1"}, {"output": "[" * 100_000}, {"output": "https://x.com\n/c.mp4"},
        {"response_url": "https://api.segmind.com/v2/requests/1"}, {"image_url": "https://x.com/a.webp"},
    ],
)  # fmt: skip
def test_without_an_http_address_of_a_clip_the_answer_is_bad(body):
    with pytest.raises(errors.BadAnswer, match="URL of a clip"):
        answers.read_output(body)


@pytest.mark.parametrize("name", ["file_urls", "urls"])
@pytest.mark.parametrize("shape", [lambda u: [u], lambda u: u, lambda u: [{"url": u}]])
def test_both_names_of_an_upload_are_read(name, shape):
    assert answers.read_uploaded({name: shape(URL)}) == URL
    for bad in ({}, {name: []}, {name: ["asset-7"]}, [], None):
        with pytest.raises(errors.BadAnswer):
            answers.read_uploaded(bad)


@pytest.mark.parametrize("text", ["", "<html>", "{", "[" * 200_000, "OK"])
def test_what_is_not_json_is_a_bad_answer_that_quotes_it(text):
    with pytest.raises(errors.BadAnswer, match="not JSON"):
        answers.read_json(text)


def test_states_in_any_case_and_no_others():
    read = {s: answers.read_progress({"status": s}).status for s in ("QUEUED", "processing", "Completed", "FAILED")}
    assert list(read.values()) == ["queued", "processing", "completed", "failed"]
    for bad in ({"status": "CANCELLED"}, {}, [], None):
        with pytest.raises(errors.BadAnswer):
            answers.read_progress(bad)


# ---- the account's history ---------------------------------------------------------------------------------------

ROW = {
    "request_id": "0B1C-2D",
    "model_name": "pixverse-v6",
    "model_status": "completed",
    "credits_deduction": 0.28125,
    "generation_url": URL,
    "latency_ms": 61500,
    "created_at": "2026-11-22T10:00:00Z",
}


@pytest.mark.parametrize("body", [{"prompt": "a"}, '{"prompt": "a"}'])
def test_an_account_row_is_read_whatever_its_spelling(body):
    """Open in the contract: the inputs as an object or as JSON text, ids with or without dashes."""
    row = answers.read_account_row({**ROW, "request_body": body})
    assert (row.status, row.cost_micros, row.body, row.url) == ("COMPLETED", 281_250, {"prompt": "a"}, URL)
    assert row.latency_s == 61.5
    assert row.created_at == datetime(2026, 11, 22, 10, tzinfo=timezone.utc)
    assert answers.normalise(row.request_id) == answers.normalise("0b1c2d")


@pytest.mark.parametrize(
    ("changes", "attribute", "expected"),
    [
        ({"request_body": "{not json"}, "body", {}),
        ({"request_body": None}, "body", {}),
        ({"generation_url": None}, "url", None),
        ({"generation_url": [URL]}, "url", URL),
        ({"created_at": "yesterday"}, "created_at", None),
        ({"created_at": 9e14}, "created_at", None),
        ({"created_at": 1795341600}, "created_at", datetime(2026, 11, 22, 10, tzinfo=timezone.utc)),
        ({"model_status": None, "status": "failed"}, "status", "FAILED"),
        ({"error": {"code": 3}}, "error", '{"code": 3}'),
    ],
)
def test_odd_account_rows(changes, attribute, expected):
    assert getattr(answers.read_account_row({**ROW, **changes}), attribute) == expected


def test_a_row_without_an_id_is_no_row():
    assert answers.read_account_row({**ROW, "request_id": ""}) is None


@pytest.mark.parametrize(
    "page",
    [
        [ROW],
        {"data": [ROW]},
        {"data": {"rows": [ROW]}, "page": 1},
        {"pagination": {"n": 1}, "requests": [ROW]},
        ROW,
        {"data": ROW},
        {"request_id": "trace", "data": [ROW]},
    ],
)
def test_account_rows_are_found_under_any_name(page):
    assert answers.read_account_rows(page) == [ROW]


@pytest.mark.parametrize("page", [None, 3, "x", {}, [], {"data": []}, {"data": None}])
def test_no_account_rows(page):
    assert answers.read_account_rows(page) == []


# ---- anything at all ---------------------------------------------------------------------------------------------

JSONS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(
    value=JSONS,
    name=st.sampled_from(["request_id", "status", "error", "output", "metrics", "seed", "created_at", "request_body"]),
)
def test_no_answer_breaks_the_reader(value, name):
    """Whatever JSON arrives: a value or a BadAnswer, and all text can be written to a database."""
    body = {"request_id": "r", "status": "FAILED", name: value}
    progress = None
    try:
        progress = answers.read_progress(body)
    except errors.BadAnswer:
        assert name == "status"
    row = answers.read_account_row(body)
    texts = [row and row.request_id, row and row.error, row and row.url, progress and progress.error]
    for text in (*texts, refusals.refusal(422, json.dumps(body)).detail):
        (text or "").encode("utf-8")
    answers.read_account_rows(body)
    accounting = answers.Accounting.of_metrics({"metrics": {"cost": value}, "seed": value})
    assert accounting.cost_micros is None or 0 <= accounting.cost_micros < 2**63
    assert accounting.seed is None or abs(accounting.seed) < 2**63


# ---- the key -----------------------------------------------------------------------------------------------------


def test_a_key_shows_where_it_came_from_and_never_itself():
    key = Key(" SG_0123456789abcdef\n", "a test")
    assert key.reveal() == "SG_0123456789abcdef"
    assert "0123456789" not in repr(key) + str(key) + f"{key}"
    assert key.scrub("x SG_0123456789abcdef y") == "x [key] y"
    assert not hasattr(key, "__dict__")


@pytest.mark.parametrize("text", ["SG_ä", "SG_1\r\nx-evil: 1", "SG_\x00", 7])
def test_what_cannot_be_a_header_is_no_key_and_is_not_repeated(text):
    with pytest.raises(errors.InvalidParameter) as caught:
        Key(text, "a test")
    assert str(text) not in str(caught.value)


@pytest.mark.parametrize("status", [400, 406])
@pytest.mark.parametrize(
    "text", ["Content moderation: prompt violates policy", "flagged as NSFW", "blocked by our content policy"]
)
def test_moderation_is_known_under_other_statuses_too(status, text):
    error = refusals.refusal(status, json.dumps({"error": text}))
    assert (type(error), error.status_code, error.billed) == (errors.ModerationRefused, status, False)


@pytest.mark.parametrize("text", ["the key is case sensitive", "duration violates the schema", "not allowed by policy"])
def test_other_refusals_are_not_called_moderation(text):
    assert type(refusals.refusal(400, json.dumps({"error": text}))) is errors.BadRequest
