"""The preview engine's account history: rows, every filter, pages."""

import time
import uuid
from datetime import datetime, timedelta, timezone

import pytest
from preview_stage import HISTORY, stage


@pytest.fixture
def serve():
    with stage() as start:
        yield start


@pytest.fixture
def engine(serve):
    return serve()


def test_history_rows(engine):
    """A row tells everything: id, inputs as sent, state, money, URL, latency, error, times."""
    _, call = engine
    body = {"prompt": "a cat", "duration": 2, "preview_fault": [], "style": "unknown to the schema"}
    done, failed = call.submit(**body), call.submit(prompt="unpaintable")
    output = call.finished(done).json()["output"]
    call.finished(failed)
    page = call.get(HISTORY).json()
    assert {key: page[key] for key in ("page", "per_page", "total", "total_pages")} == {
        "page": 1, "per_page": 20, "total": 2, "total_pages": 1,
    }  # fmt: skip
    newest, oldest = page["data"]
    assert (newest["request_id"], newest["model_status"], newest["error"]) == (failed, "FAILED", "the easel fell over")
    assert (newest["credits_deduction"], newest["generation_url"]) == (0.0, None)
    assert (oldest["request_id"], oldest["model_name"], oldest["model_status"]) == (done, "pixverse-v6", "COMPLETED")
    assert (oldest["request_body"], oldest["generation_url"], oldest["error"]) == (body, output, None)
    assert oldest["credits_deduction"] == pytest.approx(2 * 0.05625)
    assert oldest["latency_ms"] >= 0
    assert oldest["model_created"] <= oldest["model_updated"]
    assert call.get(f"{HISTORY}/{done}").json() == oldest
    assert call.get(f"{HISTORY}/{uuid.uuid4()}").status_code == 404
    assert call.get(f"{HISTORY}/nonsense").status_code == 404


def test_history_filters_and_pages(engine):
    """Every filter of the SDK's history(), and pages that cover everything once."""
    _, call = engine
    done = [call.submit(duration=n) for n in (3, 1, 2)]
    failed = call.submit(prompt="unpaintable")
    for job in (*done, failed):
        call.finished(job)

    def ids(**query):
        return [row["request_id"] for row in call.get(HISTORY, params=query).json()["data"]]

    newest_first = [failed, *reversed(done)]
    assert ids() == newest_first
    assert ids(sort_order="asc") == newest_first[::-1]
    assert ids(sort_by="credits_deduction") == [done[0], done[2], done[1], failed]
    assert ids(status="FAILED") == [failed]
    assert ids(status="PENDING") == []
    assert ids(model_name="pixverse") == newest_first
    assert ids(model_name="kling") == []
    assert ids(per_page=3, page=1) + ids(per_page=3, page=2) == newest_first
    assert ids(per_page=3, page=3) == []
    today = datetime.now(timezone.utc).date()
    assert ids(from_date=today.isoformat(), to_date=today.isoformat()) == newest_first
    assert ids(to_date=(today - timedelta(days=1)).isoformat()) == []
    assert ids(from_date=(today - timedelta(days=31)).isoformat()) == newest_first


@pytest.mark.parametrize(
    ("query", "code"),
    [({"page": 0}, 400), ({"page": "x"}, 400), ({"per_page": 101}, 400), ({"status": "DONE"}, 400),
     ({"sort_by": "prompt"}, 400), ({"sort_order": "up"}, 400), ({"from_date": "yesterday"}, 400),
     ({"from_date": "2026-01-01", "to_date": "2026-03-01"}, 400),
     ({"from_date": "2026-02-02", "to_date": "2026-02-01"}, 400),
     ({"user_id": "1", "user_email": "a@b.c"}, 400), ({"user_email": "a@b.c"}, 403)],
)  # fmt: skip
def test_history_refuses_what_it_cannot_filter_by(engine, query, code):
    _, call = engine
    assert call.get(HISTORY, params=query).status_code == code


def test_history_lag(serve):
    """How fast a row appears is open in the contract: it can be made to come late."""
    _, call = serve(history_lag_s=0.4)
    job = call.submit()
    assert call.get(HISTORY).json()["total"] == 0
    assert call.get(f"{HISTORY}/{job}").status_code == 404
    time.sleep(0.45)
    assert call.get(HISTORY).json()["total"] == 1
    assert call.get(f"{HISTORY}/{job}").status_code == 200
