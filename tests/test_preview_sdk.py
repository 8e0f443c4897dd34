"""The official SDK drives the preview engine unchanged: Segmind's own client is the judge of the protocol."""

import sys

import pytest
import requests
import segmind
from preview_stage import HISTORY, KEY, PIXEL, stage


@pytest.fixture
def engine():
    with stage() as start:
        yield start()


@pytest.fixture
def client(engine, monkeypatch):
    """The SDK with its hosts, which it keeps in constants, put on the engine's one base."""
    server, _ = engine
    monkeypatch.setattr(sys.modules["segmind.files"].Files, "STORAGE_BASE_URL", server.url)
    monkeypatch.setattr(sys.modules["segmind.generations"], "REQUEST_HISTORY_URL", server.url + HISTORY)
    monkeypatch.setattr(segmind.AsyncJob.wait, "__defaults__", (600.0, 0.02))  # it looks once a second
    client = segmind.SegmindClient(api_key=KEY, base_url=server.url + "/v1")
    yield client
    client._client.close()


def test_submit_and_wait(client):
    job = client.submit_async("pixverse-v6", prompt="a cat", duration=2, seed=4)
    result = job.wait(timeout=10, interval=0.02)
    assert (result["status"], result["seed"], result["request_id"]) == ("COMPLETED", 4, job.request_id)
    assert job.status()["status"] == "COMPLETED"
    assert job.result() == result
    assert requests.get(result["output"], timeout=10).content[4:8] == b"ftyp"


def test_run(client):
    result = client.run("pixverse-v6", prompt="a cat")
    assert result["metrics"]["cost"] == pytest.approx(0.28125)


def test_run_sync(client):
    response = client.run_sync("pixverse-v6", prompt="a cat")
    assert response.headers["x-cost"] == "0.281250"
    assert response.content[4:8] == b"ftyp"


def test_upload(client, tmp_path):
    path = tmp_path / "pixel.png"
    path.write_bytes(PIXEL)
    (url,) = client.files.upload(path)["file_urls"]
    assert client.run("pixverse-v6", prompt="a cat", image_url=url)["status"] == "COMPLETED"


def test_history_and_get(client):
    ids = [client.run("pixverse-v6", prompt="a cat", seed=n)["request_id"] for n in range(3)]
    page = client.generations.history(per_page=2, status="COMPLETED", model_name="pixverse", sort_order="asc")
    assert [row["request_id"] for row in page["data"]] == ids[:2]
    assert client.generations.get(ids[2])["request_body"] == {"prompt": "a cat", "seed": 2}
    with pytest.raises(segmind.SegmindError) as missing:
        client.generations.get("00000000-0000-0000-0000-000000000001")
    assert missing.value.status == 404


def test_failures(client, engine):
    """FAILED under 422 is the SDK's InferenceFailed with the engine's words; an error answer its SegmindError."""
    server, _ = engine
    with pytest.raises(segmind.InferenceFailed) as failed:
        client.run("pixverse-v6", prompt="a cat", duration=99)
    assert "duration" in failed.value.detail
    server.faults.add("submit", status=429)
    with pytest.raises(segmind.SegmindError) as limited:
        client.run("pixverse-v6", prompt="a cat")
    assert (limited.value.status, limited.value.detail) == (429, "Rate limit exceeded")
