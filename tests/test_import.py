"""A history made anew from a folder of saved clips: everything that can be believed, once, and no money twice."""

import json
import os
import shutil
from datetime import datetime, timezone

import pytest
from clips import make_clip
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from studio_rig import ledger_of, rigged, sends

import pixverse_nb as pv
from pixverse_nb import inspections
from pixverse_nb.media import tags
from pixverse_nb.media.tags import write
from pixverse_nb.provenance import IMPORTED, row_of, story_of
from pixverse_nb.store.ids import new_id

DAY_US = 86_400_000_000
LOCAL = {"lease_owner", "lease_until", "studio", "engine", "output_url", "sent_image_url", "image_path", "video_path",
         "video_sha256", "video_bytes", "inspected_at", "video_black_s", "video_frozen_s", "video_loudness_lufs",
         "http_status", "mismatch", "asked_by"}  # fmt: skip


@pytest.fixture
def rig(tmp_path, monkeypatch):
    monkeypatch.setattr(inspections, "_AFTER_S", 3600.0)
    with rigged(tmp_path / "first") as made:
        yield made


@pytest.fixture
def second(rig, tmp_path):
    """Another home on the same service."""
    rig.server() if not rig.servers else None
    with rigged(tmp_path / "second") as made:
        made.servers_of = rig.servers
        yield made


def studio_in(rig, second):
    return second.studio(rig.servers[0])


def story(**changes):
    """What a clip of ours could tell."""
    made = {
        "schema": 1, "id": new_id(), "service": "https://api.segmind.com",
        "parameters": {"prompt": "a cat", "duration": 5, "quality": "540p"}, "extra": {}, "take": 1,
        "created_at": 1_790_000_000_000_000, "sent_at": 1_790_000_000_000_000, "completed_at": 1_790_000_060_000_000,
        "cost_micros": 281_250, "cost_source": "reported", "billed": True, "request_id": "r-" + os.urandom(8).hex(),
    }  # fmt: skip
    return {name: value for name, value in {**made, **changes}.items() if value is not ...}


@pytest.fixture(scope="module")
def plain_clip(tmp_path_factory):
    return make_clip(tmp_path_factory.mktemp("clip") / "clip.mp4", frames=6, audio=False)


def saved(clip, place, told):
    place.parent.mkdir(parents=True, exist_ok=True)
    write(clip, place, story=told, title="t", description="d", comment="c")
    return place


def outcomes(result):
    return dict(zip(result.files["file"], result.files["outcome"], strict=True))


def rows(studio):
    return {row["id"]: row for row in (dict(one._mapping) for one in studio._store.select({}))}


def test_a_history_is_rebuilt_from_its_saved_clips(rig, second, tmp_path):
    studio = rig.studio()
    folder = tmp_path / "saved"
    folder.mkdir()
    one = studio.submit("a cat <b>猫</b>", duration=5, seed=3, extra={"style": "anime"}).wait(20)
    two = studio.submit("a dog", duration=2, quality="360p", generate_audio_switch=False, take=2).wait(20)
    copy = studio.submit("a dog", duration=2, quality="360p", generate_audio_switch=False, take=2).wait(20)
    studio.annotate(one.id, rating=5, decision="keep", tags="night, sea", note="good", mark_in_s=0.1, mark_out_s=0.4)
    studio.annotate(two.id, decision="reject", reason="hands", starred=True)
    for number, generation in enumerate((copy, two, one)):
        generation.video.save(folder / f"{number}.mp4")
    before, other = rows(studio), studio_in(rig, second)
    sent = sends(rig.servers[0])
    result = other.import_clips(folder)
    assert (result.imported, result.known, result.untold, result.refused) == (3, 0, 0, 0)
    after = rows(other)
    assert after.keys() == before.keys()
    for key, row in after.items():
        assert {n: row[n] for n in row.keys() - LOCAL} == {n: before[key][n] for n in row.keys() - LOCAL}
        assert row["studio"] == IMPORTED
        assert (other.home / row["video_path"]).is_file()
    kept, summed = ledger_of(other.home)
    assert kept == summed
    assert sum(place[3] for place in kept) == sum(row["cost_micros"] for row in before.values())
    # Reuse works: nothing is sent, nothing is charged.
    again = other.submit("a cat <b>猫</b>", duration=5, seed=3, extra={"style": "anime"}).wait(20)
    assert (again.reused_from, again.cost_usd) == (one.id, 0)
    assert sends(rig.servers[0]) == sent


def test_importing_twice_changes_nothing(rig, second, tmp_path):
    studio = rig.studio()
    generation = studio.submit("a cat", duration=5).wait(20)
    place = generation.video.save(tmp_path / "saved" / "a.mp4")
    shutil.copy(place, place.with_name("b.mp4"))
    other = studio_in(rig, second)
    assert sorted(outcomes(other.import_clips(place.parent)).values()) == ["imported", "known"]
    before, money, files = rows(other), ledger_of(other.home), sorted((other.home / "clips").iterdir())
    result = other.import_clips(place.parent)
    assert (result.imported, result.known) == (0, 2)
    assert (rows(other), ledger_of(other.home), sorted((other.home / "clips").iterdir())) == (before, money, files)
    # Nor in the home that it came from.
    assert studio.import_clips(place.parent).known == 2
    assert len(rows(studio)) == 1


def test_the_same_job_under_another_id_is_known(rig, plain_clip, tmp_path):
    """A job that was adopted here has a row of its own: its charge is counted once."""
    studio = rig.studio()
    told = story()
    saved(plain_clip, tmp_path / "in" / "a.mp4", told)
    assert studio.import_clips(tmp_path / "in").imported == 1
    twin = {**told, "id": new_id(), "request_id": told["request_id"]}
    saved(plain_clip, tmp_path / "in" / "b.mp4", twin)
    result = studio.import_clips(tmp_path / "in")
    assert outcomes(result) == {"a.mp4": "known", "b.mp4": "known"}
    assert told["id"] in result.files["why"].iloc[1]
    assert studio._store.spent("https://api.segmind.com", "x").home.charged == 281_250


def test_what_a_clip_cost_stays_on_its_day_and_leaves_todays_cap_alone(rig, plain_clip, tmp_path):
    studio = rig.studio(budget=pv.Budget(per_day=0.30))
    service = studio._backend.name
    then = int(datetime(2026, 1, 5, tzinfo=timezone.utc).timestamp() * 1e6)
    told = story(service=service, created_at=then, sent_at=then, completed_at=then)
    saved(plain_clip, tmp_path / "in" / "a.mp4", told)
    assert studio.import_clips(tmp_path / "in").imported == 1
    spent = studio._store.spent(service, studio._name)
    assert (spent.day.total, spent.studio.total, spent.home.total) == (0, 0, 281_250)
    assert [place[2] for place in ledger_of(studio.home)[0]] == [then // DAY_US]
    studio.submit("a dog", duration=5).wait(20)  # $0.28 of $0.30


def test_a_charge_that_nobody_knows_stays_reserved_on_its_day(rig, plain_clip, tmp_path):
    studio = rig.studio()
    told = story(cost_micros=..., cost_source=..., created_at=1_790_000_000_000_000)
    saved(plain_clip, tmp_path / "in" / "a.mp4", told)
    studio.import_clips(tmp_path / "in")
    row = studio._store.row(told["id"])
    assert (row["cost_micros"], row["reserved_micros"]) == (None, 281_250)
    spent = studio._store.spent("https://api.segmind.com", "x")
    assert (spent.day.total, spent.home.reserved) == (0, 281_250)


def test_the_paid_clip_comes_before_its_copy(rig, plain_clip, tmp_path):
    """Files of one clip in any order: the row that was paid for is there, and its copies are free."""
    paid = story()
    copy = story(id=new_id(), reused_from=paid["id"], cost_micros=0, cost_source="reused", billed=False,
                 saved_micros=281_250, request_id=paid["request_id"])  # fmt: skip
    saved(plain_clip, tmp_path / "in" / "1-copy.mp4", copy)
    saved(plain_clip, tmp_path / "in" / "2-paid.mp4", paid)
    studio = rig.studio()
    assert studio.import_clips(tmp_path / "in").imported == 2
    assert studio._store.row(copy["id"])["reused_from"] == paid["id"]
    assert studio._store.spent(paid["service"], "x").home.charged == 281_250


def test_folders_are_searched_and_other_files_are_left_alone(rig, plain_clip, tmp_path):
    saved(plain_clip, tmp_path / "in" / "deep" / "er" / "a.MP4", story())
    saved(plain_clip, tmp_path / "in" / "b.mp4", story())
    (tmp_path / "in" / "notes.txt").write_text("x")
    (tmp_path / "in" / "folder.mp4").mkdir()
    studio = rig.studio()
    assert outcomes(studio.import_clips(tmp_path / "in", recursive=False)) == {"b.mp4": "imported"}
    assert outcomes(studio.import_clips(tmp_path / "in")) == {"b.mp4": "known", "deep/er/a.MP4": "imported"}
    alone = saved(plain_clip, tmp_path / "alone.mp4", story())
    assert outcomes(studio.import_clips(alone)) == {"alone.mp4": "imported"}


def test_the_homes_own_clips_are_not_read(rig):
    studio = rig.studio()
    studio.submit("a cat", duration=5).wait(20)
    assert len(studio.import_clips(studio.home)) == 0


@pytest.mark.parametrize("what", [None, 5, b"bytes", "/nowhere/at/all"])
def test_a_folder_that_is_none_is_refused(rig, what):
    with pytest.raises(pv.InvalidParameter):
        rig.studio().import_clips(what)


# ---- what cannot be believed -------------------------------------------------------------------------------------

FUTURE = 4_000_000_000_000_000
LATER_ID = "z" * 16
LIES = {
    "no story": [1, 2], "no schema": story(schema=...), "a later schema": story(schema=2),
    "schema true": story(schema=True),
    "another id": story(id="../../etc/passwd"), "no id": story(id=...), "an id of tomorrow": story(id=LATER_ID),
    "an id that is a list": story(id=["a"]), "html as service": story(service="<script>alert(1)</script>"),
    "a file as service": story(service="file:///etc/passwd"), "no parameters": story(parameters=...),
    "parameters as text": story(parameters="prompt"), "unknown parameter": story(parameters={"prompt": "a", "sudo": 1}),
    "a long prompt": story(parameters={"prompt": "x" * 5001}),
    "half a surrogate": story(parameters={"prompt": "\ud800"}),
    "a NUL": story(parameters={"prompt": "a\0b"}), "an odd quality": story(parameters={"prompt": "a", "quality": "8k"}),
    "extra as list": story(extra=[1]), "extra with a parameter": story(extra={"prompt": "b"}),
    "take of zero": story(take=0), "take of text": story(take="1"), "no take": story(take=...),
    "a cost as text": story(cost_micros="1"), "a debt": story(cost_micros=-5), "a fortune": story(cost_micros=10**12),
    "a cost of true": story(cost_micros=True), "another source": story(cost_source="bank"),
    "a cost without a source": story(cost_source=...), "pretended by the service": story(cost_source="preview"),
    "a free original": story(cost_source="reused", cost_micros=0), "made tomorrow": story(created_at=FUTURE),
    "made before": story(created_at=5), "never made": story(created_at=...), "sent tomorrow": story(sent_at=FUTURE),
    "a moment with a fraction": story(created_at=1_790_000_000_000_000.5), "a latency of text": story(latency_s="fast"),
    "a latency below zero": story(latency_s=-1.0), "a hash of words": story(image_sha256="cat"),
    "a rating of nine": story(rating=9), "a decision": story(decision="maybe"), "a reason alone": story(reason="hands"),
    "marks the wrong way": story(mark_in_s=0.2, mark_out_s=0.1), "marks beyond the end": story(mark_out_s=99.0),
    "a note of a megabyte": story(note="x" * 20_000), "tags of numbers": story(tags=[1, 2]),
    "reused from a path": story(reused_from="../a", cost_source="reused", cost_micros=0),
    "an identity of words": story(identity="mine"), "a request id of pages": story(request_id="r" * 500),
}  # fmt: skip


def test_what_cannot_be_believed_is_told_one_by_one_and_nothing_else_is_lost(rig, plain_clip, tmp_path):
    folder = tmp_path / "in"
    good = saved(plain_clip, folder / "good.mp4", story(parameters={"prompt": "<img src=x onerror=alert(1)>"}))
    for number, told in enumerate(LIES.values()):
        saved(plain_clip, folder / f"lie-{number:02}.mp4", told)
    (folder / "empty.mp4").write_bytes(b"")
    (folder / "text.mp4").write_text("#EXTM3U\nhttp://a.example/")
    (folder / "cut.mp4").write_bytes(good.read_bytes()[:-200])
    shutil.copy(plain_clip, folder / "untold.mp4")
    studio = rig.studio()
    result = studio.import_clips(folder)
    found = outcomes(result)
    lies = {name: found.pop(f"lie-{number:02}.mp4") for number, name in enumerate(LIES)}
    assert {name for name, outcome in lies.items() if outcome != "refused"} == set()
    assert found == {
        "good.mp4": "imported", "empty.mp4": "refused", "text.mp4": "refused", "cut.mp4": "refused",
        "untold.mp4": "untold",
    }  # fmt: skip
    assert result.files["why"][result.files["outcome"] == "refused"].str.len().min() > 5
    assert len(rows(studio)) == 1
    html, text = result._repr_html_(), repr(result)
    assert "<img" not in html
    assert "&lt;img" in html
    assert "1 clip imported, 1 without our tags" in text


def test_a_story_of_bytes_that_are_none_is_told(rig, tmp_path):
    from test_media_tags import _with_tag

    (tmp_path / "in").mkdir()
    broken = (b"{", b'{"a": NaN}', b"[" * 100_000, b"\xff\xff", b'"' + b"x" * tags.MOST_BYTES + b'"')
    for number, text in enumerate(broken):
        _with_tag(tmp_path / "in" / f"{number}.mp4", text)
    (tmp_path / "in" / "source.mp4").unlink()
    assert set(outcomes(rig.studio().import_clips(tmp_path / "in")).values()) == {"refused"}


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
MORE = {"identity", "family", "rating", "tags", "note", "mark_in_s", "latency_s", "reused_from", "api"}
NAMES = sorted({*story(), *MORE})


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from(NAMES), values, max_size=4))
def test_a_story_is_believed_or_refused_and_nothing_else_happens(changes):
    try:
        row = row_of({**story(), **changes})
    except pv.PixverseError as error:
        assert error.what  # noqa: PT017
    else:
        assert row["status"] == "completed"
        assert row["reserved_micros"] >= 0
        assert row["cost_micros"] is None or 0 <= row["cost_micros"] <= 10**8
        json.dumps(row["prompt"]).encode()


def test_a_row_told_and_believed_is_the_same_row(rig):
    studio = rig.studio()
    generation = studio.submit("a cat", duration=5, take=3).wait(20)
    row = studio._store.row(generation.id)
    told = row_of(json.loads(json.dumps(story_of(row))))
    for name in set(told) - LOCAL:
        assert told[name] == row[name], name


# ---- trouble -----------------------------------------------------------------------------------------------------


def test_a_history_that_is_only_read_imports_nothing(rig, plain_clip, tmp_path, monkeypatch):
    studio = rig.studio()
    saved(plain_clip, tmp_path / "in" / "a.mp4", story())
    monkeypatch.setattr(studio._store._db, "read_only", pv.HomeError("it is only read"))
    with pytest.raises(pv.HomeError):
        studio.import_clips(tmp_path / "in")


def test_a_file_that_vanishes_or_cannot_be_read_is_told(rig, plain_clip, tmp_path, monkeypatch):
    saved(plain_clip, tmp_path / "in" / "a.mp4", story())
    good = saved(plain_clip, tmp_path / "in" / "b.mp4", story())
    studio = rig.studio()
    real = studio._clips.receive
    calls = []

    def once(chunks, **how):
        calls.append(1)
        if len(calls) == 1:
            raise OSError(5, "Input/output error")
        return real(chunks, **how)

    monkeypatch.setattr(studio._clips, "receive", once)
    assert outcomes(studio.import_clips(good.parent)) == {"a.mp4": "refused", "b.mp4": "imported"}


def test_imported_clips_are_looked_at_like_others(rig, plain_clip, tmp_path):
    told = story()
    saved(plain_clip, tmp_path / "in" / "a.mp4", told)
    studio = rig.studio()
    studio.import_clips(tmp_path / "in")
    row = studio._store.row(told["id"])
    assert row["inspected_at"] is None  # whatever its file says: it is measured anew
    assert "lasts 0.25 s, 5 s were asked for" in row["mismatch"]
    studio.inspect(told["id"])
    assert studio._store.row(told["id"])["video_black_s"] == 0.0


def test_an_empty_folder_is_a_quiet_sentence(rig, tmp_path):
    (tmp_path / "in").mkdir()
    result = rig.studio().import_clips(tmp_path / "in")
    assert repr(result) == "No clips were found"
    assert list(result.files.columns) == ["file", "outcome", "id", "prompt", "why"]
    assert result.ids == []


# ---- a folder that changes meanwhile ---------------------------------------------------------------------------------


def test_a_folder_in_it_that_vanishes_meanwhile_is_left_out(rig, tmp_path, plain_clip, monkeypatch):
    """Somebody tidies up while it is read: what is still there is read, and nobody sees a stack."""
    place = tmp_path / "clips"
    for name in ("a", "b", "c"):
        (place / name).mkdir(parents=True)
        shutil.copy(plain_clip, place / name / "clip.mp4")
    real = os.scandir

    def vanishing(path):
        if str(path) == str(place / "b"):
            shutil.rmtree(place / "b", ignore_errors=True)
        return real(path)

    monkeypatch.setattr(os, "scandir", vanishing)
    rig.server()
    done = rig.studio().import_clips(place)
    monkeypatch.undo()
    assert list(done.files["file"]) == ["a/clip.mp4", "c/clip.mp4"]


def test_a_folder_that_cannot_be_read_is_one_sentence(rig, tmp_path, monkeypatch):
    place = tmp_path / "shut"
    place.mkdir()
    real = os.scandir

    def shut(path):
        if str(path) == str(place):
            raise PermissionError(13, "Permission denied", os.fspath(place))
        return real(path)

    monkeypatch.setattr(os, "scandir", shut)
    rig.server()
    with pytest.raises(pv.InvalidParameter, match=r"shut cannot be read \(Permission denied\). Nothing was billed"):
        rig.studio().import_clips(place)
    monkeypatch.undo()
