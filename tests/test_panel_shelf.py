"""The gallery's half in the kernel: pages, posters, clips in pieces, remarks, actions; its messages sent by hand."""

import base64
import json
import re
import threading
import zipfile
from pathlib import Path

import pytest
from clips import make_clip
from studio_rig import rigged

import pixverse_nb as pv
from pixverse_nb.display.shelf import CSS
from pixverse_nb.panel import clip_stream
from pixverse_nb.panel.clip_stream import pieces
from pixverse_nb.panel.desk import Desk
from pixverse_nb.panel.shelf import ACTIONS, Shelf
from pixverse_nb.store import schema
from pixverse_nb.store.ids import new_id

pytestmark = pytest.mark.filterwarnings("ignore:.*ipykernel.comm.Comm.*:DeprecationWarning")  # ipywidgets 7
HOSTILE = '<img src=x onerror="alert(1)"></script>'
MODULE = Path(clip_stream.__file__).with_name("shelf.js")


class Front:
    """A gallery and what a browser would hear from it."""

    def __init__(self, studio, **settings) -> None:
        self.studio, self.said, self.threads = studio, [], set()
        self.shelf = Shelf(studio, **settings)
        self.shelf.box.send = self._hear

    def _hear(self, content, buffers=None):
        json.dumps(content)  # what a channel would do
        self.threads.add(threading.current_thread())
        self.said.append((content, buffers or []))

    def ask(self, ask, **more):
        """Send a message as the browser does, and wait; what came back."""
        self.said.clear()
        self.shelf.box._handle_custom_msg({"ask": ask, **more}, [])
        assert self.shelf.wait()
        return [content for content, _ in self.said]

    def page(self, go="same", **filters):
        return next(content for content in self.ask("page", go=go, **filters) if content["say"] == "page")

    def prompts(self, go="same", **filters):
        return [card["prompt"] for card in self.page(go, **filters)["cards"]]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A studio with three clips and a failure."""
    with rigged(tmp_path_factory.mktemp("studio") / "home") as rig:
        studio = rig.studio()
        for prompt in ("a cat", HOSTILE, "قط صغير"):
            studio.generate(prompt)
        rig.servers[0].faults.add("job", "fail")
        with pytest.raises(pv.GenerationFailed):
            studio.generate("a bird")
        yield studio


@pytest.fixture
def front(made):
    front = Front(made)
    yield front
    front.shelf.close()
    with made._store._db.write() as connection:
        connection.execute(schema.generations.update().values(starred=None, rating=None, decision=None, reason=None))


@pytest.fixture
def many(tmp_path):
    """Sixty rows without files."""
    with rigged(tmp_path / "home") as rig:
        studio = rig.studio()
        for number in range(60):
            add(studio, prompt=f"clip {number}")
        front = Front(studio)
        yield front
        front.shelf.close()


def add(studio, **changes):
    row = {
        "id": new_id(), "service": "https://s.example", "api": "v2", "studio": "s", "status": "completed",
        "created_at": 1_800_000_000_000_000, "prompt": "a cat", "duration": 5, "quality": "540p", "take": 1,
        "identity": "i", "reserved_micros": 0, "video_path": "clips/none.mp4", **changes,
    }  # fmt: skip
    with studio._store._db.write() as connection:
        connection.execute(schema.generations.insert().values(row))
    return row["id"]


# ---- pages -------------------------------------------------------------------------------------------------------


def test_it_shows_the_clips_newest_first_with_their_posters_and_no_video(front):
    heard = front.ask("page", go="same")
    page = next(content for content in heard if content["say"] == "page")
    assert [card["prompt"] for card in page["cards"]] == ["قط صغير", HOSTILE, "a cat"], "a failure has no clip"
    assert (page["earlier"], page["later"], page["count"]) == (False, False, "3 clips")
    posters = {key: uri for content in heard for key, uri in content.get("posters", {}).items()}
    assert set(posters) == {card["id"] for card in page["cards"]}
    for uri in posters.values():
        assert base64.b64decode(uri.removeprefix("data:image/jpeg;base64,")).startswith(b"\xff\xd8")
    assert not any(buffers for _, buffers in front.said)
    again = front.page()
    assert again["posters"] == posters, "made once"


def test_a_card_tells_quality_duration_cost_and_wait(front):
    card = front.page()["cards"][0]
    assert re.fullmatch(r"540p · 0\.\d+ s · \$0\.281 · took \d+\.\d s", card["facts"])
    details = dict(card["details"])
    assert details["Picture"] == "96×64 px, 24 fps"
    assert details["Duration"] == "5 s", "as it was asked for"
    assert re.fullmatch(r"0\.\d+ s", details["Length"]), "as it was measured"
    assert card["finalise"] == "Finalise at 1080p · $0.72"
    assert (card["gone"], card["pills"]) == (None, [])


def test_nothing_lasts_in_the_widgets_state(front):
    front.ask("page", go="same")
    front.ask("clip", id=front.page()["cards"][0]["id"], ticket="t", start=0)
    state = front.shelf.box.get_state()
    own = {name: value for name, value in state.items() if name not in {"_esm", "_css"}}
    text = json.dumps(own, default=str)
    assert "a cat" not in text
    assert "base64" not in text
    assert len(text) < 1000


def test_pages_go_to_the_end_and_back(many):
    assert many.prompts() == [f"clip {n}" for n in range(59, 35, -1)]
    assert many.prompts("later") == [f"clip {n}" for n in range(35, 11, -1)]
    last = many.page("later")
    assert [card["prompt"] for card in last["cards"]] == [f"clip {n}" for n in range(11, -1, -1)]
    assert (last["number"], last["earlier"], last["later"], last["count"]) == (3, True, False, "60 clips")
    assert many.prompts("later") == [f"clip {n}" for n in range(11, -1, -1)], "there is nothing beyond"
    assert many.page("earlier")["number"] == 2
    first = many.page("earlier")
    assert (first["number"], first["earlier"], first["cards"][0]["prompt"]) == (1, False, "clip 59")
    add(many.studio, prompt="new")
    many.said.clear()
    many.shelf.refresh()
    assert many.shelf.wait()
    assert many.said[0][0]["cards"][0]["prompt"] == "new"


def test_filters_show_what_was_said_of_a_clip_and_stay_for_the_next_panel(many):
    ids = [card["id"] for card in many.page()["cards"]]
    many.studio.annotate(ids[3], starred=True)
    many.studio.annotate(ids[4], decision="keep", tags="night")
    many.studio.annotate(ids[5], decision="reject", reason="hands")
    many.page("later")
    for show, found in {"starred": ids[3:4], "kept": ids[4:5], "rejected": ids[5:6]}.items():
        page = many.page("first", show=show)
        assert ([card["id"] for card in page["cards"]], page["count"]) == (found, "1 clip")
    assert many.prompts("first", show="all", text="clip 7") == ["clip 7"]
    assert len(many.prompts("first", show="nonsense", text=" NIGHT ")) == 1
    assert many.shelf.filters == {"show": "all", "text": "NIGHT"}
    later = Front(many.studio)
    later.shelf.filters = {"show": "kept", "text": "night"}
    assert later.shelf.wait()
    assert len(later.page()["cards"]) == 1
    assert later.shelf.filters == {"show": "kept", "text": "night"}
    later.shelf.close()


def test_a_page_that_cannot_be_read_says_why(front, monkeypatch):
    monkeypatch.setattr(front.studio._store, "page", lambda *_, **__: (_ for _ in ()).throw(OSError("disk gone")))
    assert front.ask("page", go="same") == [{"say": "nopage", "text": "The history could not be read: disk gone"}]


def test_a_vanished_file_is_said_on_the_card_and_keeps_its_poster(many):
    place = many.studio.home / "clips" / "gone.mp4"
    place.parent.mkdir(exist_ok=True)
    make_clip(place, frames=5)
    key = add(many.studio, video_path="clips/gone.mp4")
    many.studio._clips.poster(key, place)
    assert many.page()["cards"][0]["gone"] is None
    place.unlink()
    heard = many.ask("page", go="same")
    assert "the clip's file is gone" in heard[0]["cards"][0]["gone"]
    assert heard[0]["posters"][key].startswith("data:image/jpeg")
    (refused,) = many.ask("clip", id=key, ticket="t", start=0)
    assert (refused["say"], refused["ticket"]) == ("noclip", "t")
    assert "gone" in refused["text"]


def test_labels_of_preview_and_reuse_and_money_that_is_not_real(many):
    add(many.studio, service="preview", cost_micros=87_000, cost_source="preview")
    add(many.studio, reused_from="x", cost_micros=0, cost_source="reused")
    add(many.studio, quality="1080p")
    full, reused, preview = many.page()["cards"][:3]
    assert [pill["text"] for pill in preview["pills"]] == ["PREVIEW"]
    assert "$0.087 pretended" in preview["facts"]
    assert [pill["text"] for pill in reused["pills"]] == ["REUSED"]
    assert "$0, reused" in reused["facts"]
    assert "cost unknown" in full["facts"]
    assert full["finalise"] is None, "it has the full size already"


# ---- clips -------------------------------------------------------------------------------------------------------


def test_a_clip_comes_in_pieces_that_are_the_file(front, monkeypatch):
    monkeypatch.setattr(clip_stream, "PIECE_BYTES", 200)
    monkeypatch.setattr(clip_stream, "AT_ONCE", 3)
    key = front.page()["cards"][0]["id"]
    path = front.studio.generation(key).video.path
    got, rounds = b"", 0
    while len(got) < path.stat().st_size:
        front.ask("clip", id=key, ticket="t1", start=len(got))
        for content, buffers in front.said:
            assert (content["say"], content["id"], content["ticket"]) == ("clip", key, "t1")
            assert content["at"] == len(got)
            assert content["total"] == path.stat().st_size
            got += bytes(buffers[0])
        assert [content["last"] for content, _ in front.said] == [False] * (len(front.said) - 1) + [True]
        rounds += 1
    assert got == path.read_bytes()
    assert rounds > 2, "what is not asked for is not sent"


@pytest.mark.parametrize("start", [10**9, -1, "0", None, 1.5])
def test_a_piece_that_is_not_there_is_refused(front, start):
    key = front.page()["cards"][0]["id"]
    assert [content["say"] for content in front.ask("clip", id=key, ticket="t", start=start)] == ["noclip"]


@pytest.mark.parametrize("id", ["nothing", "../../etc/passwd", None, 5, ["a"]])
def test_only_clips_of_the_history_are_sent(front, id):
    assert [content["say"] for content in front.ask("clip", id=id, ticket="t", start=0)] == ["noclip"]


def test_an_empty_file_is_refused(tmp_path):
    (tmp_path / "empty.mp4").touch()
    with pytest.raises(pv.PixverseError, match="ends at 0 bytes"):
        list(pieces(tmp_path / "empty.mp4", 0))


def test_a_still_at_its_full_size_comes_when_it_is_asked_for(front):
    key = front.page()["cards"][0]["id"]
    (still,) = front.ask("still", id=key)
    assert (still["say"], still["id"]) == ("still", key)
    assert still["source"].startswith("data:image/jpeg;base64,")
    assert front.ask("still", id="nothing") == []


# ---- remarks -----------------------------------------------------------------------------------------------------


def test_a_remark_is_in_the_history_at_once_and_comes_back_to_the_card(front):
    key = front.page()["cards"][0]["id"]
    (card,) = front.ask("annotate", id=key, changes={"rating": 4, "starred": True, "tags": "Night"})
    assert (card["say"], card["id"]) == ("card", key)
    assert card["remarks"] == {
        "starred": True, "rating": 4, "decision": None, "reason": "", "tags": "night", "note": "",
    }  # fmt: skip
    assert front.studio.history(id=key)["rating"].iloc[0] == 4
    assert front.page()["cards"][0]["rating"] == 4
    front.ask("annotate", id=key, changes={"rating": None, "decision": "reject", "reason": "hands"})
    assert front.studio.history(id=key)["reason"].iloc[0] == "hands"


@pytest.mark.parametrize(
    ("changes", "said"),
    [({"rating": 6}, "1 to 5"), ({"reason": "hands"}, "not rejected"), ({"tags": "x" * 41}, "40 characters")],
)
def test_an_error_appears_on_its_card(front, changes, said):
    key = front.page()["cards"][0]["id"]
    (wrong,) = front.ask("annotate", id=key, changes=changes)
    assert (wrong["say"], wrong["id"]) == ("wrong", key)
    assert said in wrong["text"]


def test_words_that_are_not_ours_change_nothing(front):
    key = front.page()["cards"][0]["id"]
    before = front.studio._store.row(key)
    for changes in ({"cost_micros": 0, "status": "failed"}, None, [], "rating"):
        front.ask("annotate", id=key, changes=changes)
    assert front.studio._store.row(key) == before
    assert front.ask("annotate", id="nothing", changes={"rating": 1})[0]["say"] == "wrong"


@pytest.mark.parametrize("content", [None, [], "page", {}, {"ask": "rm"}, {"ask": ["page"]}, {"ask": "action"}])
def test_a_message_that_is_none_is_left_alone(front, content):
    front.shelf.box._handle_custom_msg(content, [])
    assert front.shelf.wait()
    assert front.said == []


# ---- actions -----------------------------------------------------------------------------------------------------


def test_actions_reach_whoever_listens(front):
    heard = []
    front.shelf.on_action(lambda action, key, **more: heard.append((action, key, more)))
    for action in ACTIONS:
        front.ask("action", action=action, id="a", ids=["b", "c"])
    assert heard == [
        (action, "b", {"ids": ["b", "c"]}) if action == "compare" else (action, "a", {}) for action in ACTIONS
    ]
    heard.clear()
    front.ask("action", action="delete", id="a")
    for ids in (["b"], [], None, "bc", [1, 2]):
        front.ask("action", action="compare", id="a", ids=ids)
    assert heard == []
    front.ask("action", action="compare", id="a", ids=[str(n) for n in range(20)])
    assert len(heard[0][2]["ids"]) == 9


def test_what_an_action_raises_is_shown_on_the_card(front):
    def listener(*_):
        raise pv.BudgetExceeded("the budget has no room", remedy="Raise it.", billed=False)

    front.shelf.on_action(listener)
    (wrong,) = front.ask("action", action="take", id="a")
    assert wrong == {"say": "wrong", "id": "a", "text": "the budget has no room. Nothing was billed. Raise it."}


# ---- threads, widgets, the wheel ---------------------------------------------------------------------------------


def test_a_handler_returns_at_once_and_the_disk_is_read_beside_it(front, monkeypatch):
    go = threading.Event()
    real = front.studio._store.page
    monkeypatch.setattr(front.studio._store, "page", lambda *a, **k: go.wait(20) and real(*a, **k))
    front.said.clear()
    for _ in range(5):
        front.shelf.box._handle_custom_msg({"ask": "page", "go": "same"}, [])
    assert front.said == []
    go.set()
    assert front.shelf.wait()
    pages = [content for content, _ in front.said if content["say"] == "page"]
    assert 1 <= len(pages) <= 2, "the ones that waited became one"
    assert threading.main_thread() not in front.threads


def test_errands_that_fail_do_not_stop_the_next(monkeypatch):
    desk, done, failed = Desk("test"), [], threading.Event()
    monkeypatch.setattr(threading, "excepthook", lambda _: failed.set())
    desk.run(lambda: 1 / 0)
    assert failed.wait(10)
    assert desk.wait()
    desk.run(lambda: done.append(1))
    assert desk.wait()
    assert done == [1]
    desk.close()
    desk.run(lambda: done.append(2))
    assert desk.wait()
    assert done == [1]


def test_closed_it_leaves_no_widget_behind(made):
    from ipywidgets.widgets import widget

    alive = widget._instances if hasattr(widget, "_instances") else widget.Widget.widgets  # ipywidgets 8, 7
    before = set(alive)
    front = Front(made)
    assert set(alive) - before
    front.shelf.close()
    assert not set(alive) - before


def test_the_module_sets_text_only_and_fetches_nothing():
    """The promise that hostile text cannot run, held against the module's own words."""
    module = MODULE.read_text(encoding="utf-8")
    for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", "import "):
        assert word not in module, word
    assert not re.search(r"https?://", module + CSS)
    assert "url(" not in CSS


def test_every_rule_of_the_look_is_below_the_gallery():
    for rule in re.findall(r"(?m)^([^@\s}][^{]*)\{", CSS):
        for selector in rule.split(","):
            assert selector.strip().startswith((".pixverse-shelf", ".pxs-")), selector


def test_the_module_is_in_the_wheel(tmp_path):
    hatchling = pytest.importorskip("hatchling.builders.wheel", reason="the builder is not installed here")
    root = Path(__file__).parent.parent
    built = next(hatchling.WheelBuilder(str(root)).build(directory=str(tmp_path), versions=["standard"]))
    names = zipfile.ZipFile(built).namelist()
    assert "pixverse_nb/panel/shelf.js" in names
    assert "pixverse_nb/panel/shelf.py" in names
