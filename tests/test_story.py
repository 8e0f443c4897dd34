"""Storyboards: shots that go on from each other, priced first, nothing sent twice, and one film at the end."""

import asyncio
import errno
import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from clips import _add_silence, make_clip
from studio_rig import KEY, rigged, sends, uploads
from test_display import Page, harmless
from test_media_join import packets, same_pictures
from test_plan import CEILING, HOSTILE, SMALL, interrupt_when, shows

import pixverse_nb as pv
from pixverse_nb.media import reels as reels_module
from pixverse_nb.media.images import load_picture
from pixverse_nb.storyboard import film as film_module
from pixverse_nb.storyboard.shots import lay_out

PROMPTS = ["a lighthouse at dusk", "the storm comes nearer", "the lamp goes on", "a calm morning"]


def draw(shot, path):
    """A clip of 12 frames whose pictures are its own: a pattern of the shot's hash."""
    bits = np.unpackbits(np.frombuffer(hashlib.sha256(repr(shot).encode()).digest(), np.uint8))[:96]
    pattern = np.kron(bits.reshape(8, 12), np.ones((8, 8), np.uint8))[:, :, None] * np.full(3, 120, np.uint8)
    with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as out:
        video = out.add_stream("libx264", rate=12)
        video.width, video.height, video.pix_fmt = 96, 64, "yuv420p"
        video.options = {"preset": "ultrafast", "crf": "10", "threads": "1"}
        sound = out.add_stream("aac", rate=48000)
        for number in range(12):
            frame = av.VideoFrame.from_ndarray(pattern + np.uint8(8 * number), format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 12)
            out.mux(video.encode(frame))
        out.mux(video.encode())
        _add_silence(out, sound, 1.0)


def slowly(shot, path):
    time.sleep(0.3)
    draw(shot, path)


@pytest.fixture
def rig(tmp_path):
    with rigged(tmp_path / "home") as made:
        yield made


def board_of(studio, shots=PROMPTS[:3], **common):
    return studio.storyboard(shots, **{**SMALL, **common})


def watched(monkeypatch):
    """What stands in each output of a notebook."""
    shown = shows(monkeypatch)
    monkeypatch.setattr(film_module, "in_notebook", lambda: True)
    return shown


def standings(board):
    return [line.standing for line in board._view().lines]


def check_chain(clips):
    """Each clip was asked for with the last frame of the one before."""
    for one, two in pairwise(clips):
        assert two.request.image_sha256 == load_picture(one.video.last_frame()).sha256


# ---- before anything is sent ---------------------------------------------------------------------------------------


def test_a_storyboard_is_priced_and_shown_and_nothing_is_sent(rig):
    server = rig.server(render=draw)
    board = board_of(rig.studio(budget=1), [PROMPTS[0], {"prompt": PROMPTS[1], "duration": 2}, PROMPTS[2]])
    assert (len(board), board.duration_s, board.owned, board.to_send) == (3, 4, 0, 3)
    assert board.expected_usd == board.ceiling_usd == pytest.approx(4 * CEILING)
    assert board.seconds == pytest.approx(3 * 66, abs=1), "one after the other"
    assert standings(board) == ["to send", "to send, after shot 1", "to send, after shot 2"]
    text, page = repr(board), Page(board._repr_html_())
    for word in ("A film of 3 shots, 4 s", *PROMPTS[:3], "last frame of shot 2", "2 s · 360p", "$0.175", "$0.044",
                 "$1.000", "run() sends 3", "that nobody has seen yet"):  # fmt: skip
        assert word in text
        assert word in page.words
    assert (sends(server), uploads(server), len(rig.studios[0].history())) == (0, 0, 0)


def test_a_silent_film_is_priced_as_a_range(rig):
    rig.server(render=draw)
    board = board_of(rig.studio(), generate_audio_switch=False)
    assert board.expected_usd < board.ceiling_usd == pytest.approx(3 * CEILING)
    assert f"at most ${board.ceiling_usd:.3f}" in repr(board)
    assert "silent" in repr(board)


def test_chains_run_side_by_side_and_say_what_they_start_from(rig, tmp_path):
    rig.server(render=draw)
    make_clip(tmp_path / "clip.mp4", frames=2)
    picture = np.full((64, 96, 3), 90, np.uint8)
    board = board_of(
        rig.studio(),
        ["one", {"prompt": "two", "image": picture}, "three", {"prompt": "four", "cut": True}],
        image=picture,
    )
    assert [line.start for line in board._view().lines] == [
        "a picture", "a picture", "last frame of shot 2", "its words",
    ]  # fmt: skip
    assert standings(board) == ["to send", "to send", "to send, after shot 2", "to send"]
    assert board.seconds == pytest.approx(2 * 66, abs=1), "the longest chain"


MISTAKES = [
    ([], {}, "no shots"),
    ("a cat", {}, "not a list"),
    (None, {}, "not a list"),
    ([3], {}, "shot 1: 3 is not a shot"),
    (["x"] * 201, {}, "more than 200"),
    (["a", {"prompt": "b", "duraton": 3}], {}, "shot 2: .*duraton"),
    (["a"], {"takes": 3}, "takes"),
    (["a"], {"reuse": False}, "reuse"),
    (["a", {"quality": "540p"}], {}, "shot 2: .*prompt"),
    (["a", {"prompt": "b", "duration": 99}], {}, "shot 2: .*duration"),
    (["a", {"prompt": "b", "cut": "yes"}], {}, "shot 2: cut"),
    (["a", {"prompt": "b", "cut": 1}], {}, "shot 2: cut"),
    (["a", {"prompt": "b", "cut": [1]}], {}, "shot 2: cut"),
    ([{"prompt": "a", "cut": False}], {}, "shot 1: cut=False"),
    (["a", {"prompt": "b", "take": 0}], {}, "shot 2: .*take"),
    (["a", {"prompt": "b", "image": b"no picture"}], {}, "shot 2: "),
]


@pytest.mark.parametrize(("shots", "common", "said"), MISTAKES, ids=[str(n) for n in range(len(MISTAKES))])
def test_mistakes_are_named_before_anything_is_sent(rig, shots, common, said):
    server = rig.server(render=draw)
    with pytest.raises(pv.InvalidParameter, match=said) as caught:
        board_of(rig.studio(), shots, **common)
    assert caught.value.billed is False
    assert sends(server) == 0


def test_a_shots_own_values_go_before_the_common_ones_and_none_is_not_set():
    shots = lay_out(
        iter(["a", {"prompt": "b", "quality": "720p", "seed": None}]), image=None, common={"quality": "360p", "seed": 7}
    )
    assert [shot.wish.request.parameters for shot in shots] == [
        {"prompt": "a", "duration": 5, "quality": "360p", "seed": 7}, {"prompt": "b", "duration": 5, "quality": "720p"},
    ]  # fmt: skip
    url = "https://example.com/a.png"
    first, second = lay_out(["a", "b"], image=None, common={"image_url": url})
    assert first.wish.request.parameters["image_url"] == url
    assert "image_url" not in second.wish.request.parameters
    assert second.follows


# ---- the run -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("api", ["v2", "v1"])
def test_shots_go_on_from_each_other_and_become_one_film(rig, api, capsys):
    server = rig.server(render=draw)
    board = board_of(rig.studio(api=api))
    film = board.run()
    assert film is board.film
    assert (sends(server), uploads(server)) == (3, 2)
    assert [clip.request.prompt for clip in board.clips] == PROMPTS[:3]
    check_chain(board.clips)
    parts = [clip.video.path for clip in board.clips]
    assert (film.joined, film.shots, film.duration_s, film.has_audio) == ("stream copy", 3, 3.0, True)
    assert packets(film.path) == [packet for part in parts for packet in packets(part)]
    same_pictures(film.path, parts)
    assert film.path.parent == rig.home / "films"
    told = capsys.readouterr()
    assert told.out == ""
    lines = told.err.splitlines()
    for number, clip in enumerate(board.clips, 1):  # in a script: a line for each clip as it comes, its path below
        at = next(n for n, line in enumerate(lines) if line.startswith(f"shot {number} · ● completed · "))
        assert lines[at + 1] == f"  {clip.video.path}"
    assert re.search(r"^storyboard: 3 of 3 clips · \d+\.\d s · ", told.err, re.MULTILINE)
    assert lines[-2].startswith("film · 3 shots · 3.0 s")
    assert lines[-1] == f"  {film.path}"


def test_it_is_awaited_while_the_event_loop_goes_on(rig, capsys):
    """As a generation is: on the caller's loop, and without a word in a terminal."""
    server = rig.server(render=slowly)
    board = board_of(rig.studio())

    async def main():
        run, ticks = asyncio.ensure_future(board.run_async()), 0
        while not run.done():
            await asyncio.sleep(0.01)
            ticks += 1
        return run.result(), ticks

    film, ticks = asyncio.run(main())
    assert film is board.film
    assert film.path.is_file()
    assert sends(server) == 3
    assert ticks > 20
    assert "shot" not in capsys.readouterr().err


def test_awaited_it_raises_what_went_wrong_with_a_shot(rig):
    server = rig.server(render=draw)
    server.faults.add("submit", status=400, skip=1, text="no")
    board = board_of(rig.studio())

    async def main():
        await board.run_async()

    with pytest.raises(pv.BadRequest, match="shot 2 of 3"):
        asyncio.run(main())
    assert len(board.clips) == 1


@pytest.mark.parametrize("api", ["v2", "v1"])
def test_run_again_it_sends_nothing_in_any_kernel(rig, api):
    server = rig.server(render=draw)
    film = board_of(rig.studio(api=api)).run()
    board = board_of(rig.studio(api=api))
    assert (board.owned, board.to_send, board.expected_usd) == (3, 0, 0.0)
    assert standings(board) == ["owned"] * 3
    assert board.run() == board.run() == film
    code = (
        "import sys, pixverse_nb as pv; s = pv.Studio(sys.argv[1], base_url=sys.argv[2], home=sys.argv[3]); "
        f"print(s.storyboard({PROMPTS[:3]!r}, **{SMALL!r}).run().path)"
    )
    command = [sys.executable, "-c", code, KEY, server.url, str(rig.home)]
    root = Path(pv.__file__).parent.parent
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=root)
    assert done.stdout.strip() == str(film.path)
    assert (sends(server), uploads(server)) == (3, 2)


def test_the_same_storyboard_run_twice_adds_no_rows(rig):
    rig.server(render=draw)
    studio = rig.studio()
    board = board_of(studio)
    assert board.run() == board.run()
    assert len(studio.history()) == 3


def test_a_clip_made_by_hand_from_a_last_frame_is_the_same_shot(rig):
    server = rig.server(render=draw)
    studio = rig.studio()
    one = studio.generate(PROMPTS[0], **SMALL)
    studio.generate(PROMPTS[1], image=one, **SMALL)
    board = board_of(studio, PROMPTS[:2])
    assert standings(board) == ["owned", "owned"]
    board.run()
    assert sends(server) == 2


def test_another_take_of_a_shot_makes_new_ones_of_all_that_go_on_from_it(rig):
    server = rig.server(render=draw)
    studio = rig.studio()
    first = board_of(studio).run()
    changed = [PROMPTS[0], {"prompt": PROMPTS[1], "take": 2}, PROMPTS[2], {"prompt": PROMPTS[3], "cut": True}]
    board = board_of(studio, changed)
    assert standings(board) == ["owned", "to send", "to send: goes on from another take of shot 2", "to send"]
    assert board.expected_usd == pytest.approx(3 * CEILING), "they are priced all the same"
    second = board.run()
    assert sends(server) == 3 + 3
    check_chain(board.clips[:3])
    assert second.path != first.path
    assert board_of(studio).run() == first, "the first film is still there"
    assert board_of(studio, changed).run() == second
    assert sends(server) == 6


def test_a_clip_whose_file_has_vanished_is_fetched_again_and_nothing_is_sent(rig):
    server = rig.server(render=draw)
    film = board_of(rig.studio()).run()
    studio = rig.studio(budget=0)
    board = board_of(studio)
    row = studio.history().query("prompt == @PROMPTS[0]").iloc[0]
    (rig.home / row["video_path"]).unlink()
    film.path.unlink()
    assert standings(board) == ["to fetch again", "owned", "owned"], "its last frame is kept"
    assert (board.to_send, board.expected_usd) == (0, 0.0)
    for frame in (rig.home / "frames").iterdir():
        frame.unlink()
    assert standings(board) == ["to fetch again", *["known once shot 1 is fetched"] * 2]
    assert board.run().joined == "stream copy", "free, although the budget is empty"
    assert sends(server) == 3


def test_eight_shots_on_the_preview_engine(tmp_path):
    studio = pv.Studio(home=tmp_path / "home")
    shots = [f"a boat on a lake, hour {n}" for n in range(8)]
    board = studio.storyboard(shots, **SMALL)
    assert "pretended by the preview, $0 billed" in repr(board)
    film = board.run()
    assert abs(film.duration_s - 8) <= 1 / film.fps
    check_chain(board.clips)
    assert (film.width, film.height, film.has_audio) == (640, 360, True)
    page = harmless(film._repr_mimebundle_()["text/html"])
    assert "PREVIEW" in page.words
    before = len(studio.history(reused_from=None))
    assert studio.storyboard(shots, **SMALL).run() == film
    assert len(studio.history(reused_from=None)) == before == 8
    studio._store.close()


# ---- money ---------------------------------------------------------------------------------------------------------


def test_nothing_is_sent_unless_all_that_is_missing_fits(rig):
    server = rig.server(render=draw)
    studio = rig.studio(budget=2.5 * CEILING)
    board = board_of(studio)
    assert "The budget has room for 2 of 3: $0.022 is missing." in repr(board)
    assert "run() sends nothing" in repr(board)
    with pytest.raises(pv.BudgetExceeded) as caught:
        board.run()
    assert "these 3 clips may cost $0.131" in str(caught.value)
    assert "It has room for the first 2 of them ($0.087)" in str(caught.value)
    assert (caught.value.billed, sends(server), len(studio.history()), board.film) == (False, 0, 0, None)
    studio.budget = 3.5 * CEILING
    board.run()
    assert sends(server) == 3
    assert rig.studio(budget=0).storyboard(PROMPTS[:3], **SMALL).run() == board.film, "what is there needs no budget"


def test_only_what_is_missing_needs_room(rig):
    server = rig.server(render=draw)
    rig.studio().generate(PROMPTS[0], **SMALL)
    board = board_of(rig.studio(budget=3.2 * CEILING))  # one is spent
    board.run()
    assert sends(server) == 3


def test_chains_count_together(rig):
    server = rig.server(render=draw)
    shots = [PROMPTS[0], {"prompt": PROMPTS[1], "cut": True}]
    with pytest.raises(pv.BudgetExceeded, match="the first of them"):
        board_of(rig.studio(budget=1.5 * CEILING), shots).run()
    assert sends(server) == 0


def test_the_same_clip_twice_is_counted_priced_and_paid_once(rig):
    """Found by a reader: the budget was asked for both, and had no room for what costs one."""
    server = rig.server(render=draw)
    again = [*PROMPTS[:2], {"prompt": PROMPTS[0], "cut": True}, PROMPTS[1], PROMPTS[2]]
    board = board_of(rig.studio(budget=3.2 * CEILING), again)
    assert standings(board) == [
        "to send",
        "to send, after shot 1",
        "the same clip as shot 1",
        "the same clip as shot 2",
        "to send, after shot 4",
    ]
    assert board.to_send == 3
    assert board.ceiling_usd == pytest.approx(3 * CEILING)
    assert board.run().shots == 5
    assert sends(server) == 3


# ---- what goes wrong -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("api", ["v2", "v1"])
def test_a_shot_that_fails_ends_its_chain_and_what_is_done_is_kept(rig, api):
    server = rig.server(render=draw)
    server.faults.add("job", "fail", text="the GPU fell over", skip=1, times=1)
    board = board_of(rig.studio(api=api))
    with pytest.raises(pv.GenerationFailed) as caught:
        board.run()
    assert str(caught.value).startswith("shot 2 of 3: ")
    assert "the GPU fell over" in str(caught.value)
    assert "run it again, and only what is missing is sent" in str(caught.value)
    assert caught.value.billed is False
    assert (len(board.clips), board.film, sends(server)) == (1, None, 2)
    assert not (rig.home / "films").exists()
    assert board.run().joined == "stream copy"
    assert sends(server) == 4


@pytest.mark.parametrize(("status", "kind"), [(401, pv.AuthenticationError), (403, pv.PermissionDenied)])
def test_a_dead_key_is_told_with_all_the_shots_that_were_not_made(rig, status, kind):
    server = rig.server(render=draw)
    server.faults.add("submit", status=status, times=None)
    with pytest.raises(kind, match=r"3 of 3 clips were not made, which may cost \$0\.131"):
        board_of(rig.studio()).run()
    assert sends(server) == 1


def test_behind_a_shot_that_was_refused_nothing_is_called_to_be_sent(rig):
    """It would be priced and never made: the film ends before it begins."""
    server = rig.server(render=draw)
    server.faults.add("job", "moderation", skip=1, times=1)
    board = board_of(rig.studio())
    with pytest.raises(pv.ModerationRefused):
        board.run()
    assert standings(board) == ["owned", "refused before", "not sent: shot 2 was refused before"]
    assert (board.to_send, board.ceiling_usd) == (0, 0.0)
    assert "sends 2 all the same, at most $0.087" in repr(board)
    with pytest.warns(pv.ModerationWarning):
        board.run(refused=True)
    assert sends(server) == 4


@pytest.mark.parametrize(
    ("shots", "common", "told"),
    [
        ([PROMPTS[0], {"prompt": PROMPTS[1], "aspect_ratio": "9:16"}], {}, [2]),
        (PROMPTS[:3], {"aspect_ratio": "9:16"}, []),
        ([PROMPTS[0], {"prompt": PROMPTS[1], "aspect_ratio": "16:9"}], {}, []),
        ([PROMPTS[0], {"prompt": PROMPTS[1], "aspect_ratio": "1:1", "cut": True}, PROMPTS[2]], {}, []),
    ],
)
def test_a_shape_that_the_service_will_not_give_is_told_before_it_is_paid(rig, shots, common, told):
    rig.server(render=draw)
    page = repr(board_of(rig.studio(), shots, **common))
    assert [n for n in (1, 2, 3) if f"Shot {n}: its aspect_ratio is ignored" in page] == told


def test_another_chain_goes_on_to_its_end(rig):
    server = rig.server(render=draw, workers=1)
    server.faults.add("job", "fail", times=1)
    board = board_of(rig.studio(), [*PROMPTS[:2], {"prompt": PROMPTS[2], "cut": True}, PROMPTS[3]])
    with pytest.raises(pv.GenerationFailed, match=r"shot [13] of 4"):
        board.run()
    assert (sends(server), len(board.clips)) == (3, 2)
    board.run()
    assert sends(server) == 5
    check_chain(board.clips[:2])
    check_chain(board.clips[2:])


def test_what_moderation_refused_before_is_not_sent_again_by_itself(rig):
    server = rig.server(render=draw)
    server.faults.add("job", "moderation", times=1)
    studio = rig.studio()
    shots = [PROMPTS[0], {"prompt": PROMPTS[1], "cut": True}]
    with pytest.raises(pv.ModerationRefused):
        board_of(studio, shots[:1]).run()
    board = board_of(studio, shots)
    assert standings(board) == ["refused before", "not sent: shot 1 was refused before"]
    assert (board.to_send, board.expected_usd) == (0, 0.0)
    for word in ("Moderation refused a shot before", "run(refused=True) sends 2 all the same, at most $0.087",
                 "run() sends nothing."):  # fmt: skip
        assert word in repr(board)
    with pytest.raises(pv.ModerationRefused, match="shot 1 of 2: moderation refused it before") as caught:
        board.run()
    assert "run(refused=True)" in str(caught.value)
    assert sends(server) == 1, "no shot of a film that cannot be made"
    with pytest.warns(pv.ModerationWarning):
        board.run(refused=True)
    assert sends(server) == 3
    with pytest.raises(pv.InvalidParameter):
        board.run(refused="yes")


def test_without_credits_it_stops_and_says_what_is_missing(rig):
    server = rig.server(render=draw, balance=1.5 * CEILING)
    board = board_of(rig.studio())
    with pytest.raises(pv.InsufficientCredits) as caught:
        board.run()
    assert str(caught.value).startswith("the storyboard stopped: ")
    assert "2 of 3 clips were not made" in str(caught.value)
    assert "Top up the account" in str(caught.value)
    assert (sends(server), len(board.clips)) == (2, 1)


def test_a_lost_answer_is_never_sent_again(rig):
    server = rig.server(render=draw)
    server.faults.add("submit", "cut", queued=True, times=1, skip=1)
    board = board_of(rig.studio())
    for _ in range(5):
        try:
            board.run()
            break
        except pv.PixverseError:
            time.sleep(0.3)
    assert len(board.clips) == 3
    assert sends(server) == 3


def test_a_full_disk_is_one_clear_error_and_the_clips_are_kept(rig, monkeypatch):
    server = rig.server(render=draw)
    board = board_of(rig.studio())

    def full(_paths, _target):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(reels_module, "join", full)
        with pytest.raises(pv.ClipError, match="the disk is full") as caught:
            board.run()
    assert "run it again" in str(caught.value)
    assert (len(board.clips), board.film, list((rig.home / "films").iterdir())) == (3, None, [])
    board.run()
    assert sends(server) == 3


def test_a_damaged_clip_is_told_and_its_shot_named(rig):
    server = rig.server(render=draw)
    board_of(rig.studio()).run()
    studio = rig.studio()
    row = studio.history().query("prompt == @PROMPTS[0]").iloc[0]
    clip = rig.home / row["video_path"]
    clip.write_bytes(bytes(clip.stat().st_size))
    (rig.home / "frames" / f"{clip.stem}.png").unlink()
    with pytest.raises(pv.ClipError, match="shot 2 of 3") as caught:
        board_of(studio).run()
    assert sends(server) == 3
    assert clip.name in str(caught.value)
    assert "Delete that file" in str(caught.value)
    clip.unlink()
    assert board_of(studio).run().shots == 3
    assert sends(server) == 3


def test_nothing_goes_on_from_a_frame_that_is_not_the_last_one(rig):
    """Found by a reader: a clip damaged on its way was taken for whole, and the next one paid for from its middle."""
    server = rig.server(render=None)
    server.faults.add("download", "corrupt", times=1)
    board = board_of(rig.studio(), duration=2)
    with pytest.raises(pv.ClipError, match=r"shot 2 of 3: the clip .* is damaged: its last .* s cannot be decoded"):
        board.run()
    assert sends(server) == 1
    board.clips[0].video.path.unlink()
    assert board.run().shots == 3
    assert sends(server) == 3


def test_a_damaged_frame_that_is_kept_is_made_anew(rig):
    server = rig.server(render=draw)
    board_of(rig.studio()).run()
    for frame in (rig.home / "frames").iterdir():
        frame.write_bytes(frame.read_bytes()[:10] + b"\x00\x00\x00\x00IEND\xaeB`\x82")
    assert board_of(rig.studio()).run().shots == 3
    assert sends(server) == 3


def test_the_last_clip_is_looked_at_too(rig):
    """Nothing goes on from it, but the film ends with it."""
    rig.server(render=draw)
    board_of(rig.studio()).run()
    studio = rig.studio()
    clip = rig.home / studio.history().query("prompt == @PROMPTS[2]").iloc[0]["video_path"]
    clip.write_bytes(bytes(clip.stat().st_size))
    for path in (rig.home / "films").iterdir():
        path.unlink()
    with pytest.raises(pv.ClipError, match=r"shot 3 of 3: .*Delete that file"):
        board_of(studio).run()


def test_what_stands_behind_a_shot_that_was_not_made_waits_for_nothing(rig, monkeypatch):
    """At the end of a run nothing is called waiting, and only moderation is said to have refused."""
    server = rig.server(render=draw)
    server.faults.add("submit", status=400, skip=1, text="no")
    shown = watched(monkeypatch)
    with pytest.raises(pv.BadRequest):
        board_of(rig.studio()).run()
    text = next(iter(shown.values()))["text/plain"]
    assert "1 failed" in text
    assert "1 not sent" in text
    assert "waiting" not in text
    assert "moderation" not in text
    assert "not sent: shot 2 is not there" in next(iter(shown.values()))["text/html"]


def test_the_remedies_are_a_storyboards_own(rig):
    """It has no reuse=, and what moderation refused is not sent again by running again."""
    server = rig.server(render=draw)
    server.faults.add("submit", "cut", times=1)
    board = board_of(rig.studio())
    with pytest.raises(pv.OutcomeUnknown) as caught:
        board.run()
    assert "take=2 for shot 1" in str(caught.value)
    assert "reuse=" not in str(caught.value)
    assert standings(board)[0] == "outcome unknown"
    assert "reserved" in repr(board)
    server.faults.add("job", "moderation", times=1)
    with pytest.raises(pv.ModerationRefused) as caught:
        board_of(rig.studio(), ["another"]).run()
    assert "run it again" not in str(caught.value)


def test_interrupted_while_the_film_is_joined_it_says_that_the_clips_are_there(rig, monkeypatch):
    server = rig.server(render=draw)
    board = board_of(rig.studio())

    def interrupt(_paths, _target):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(reels_module, "join", interrupt)
        with pytest.raises(pv.WaitInterrupted, match=r"all 3 clips are there\. Run it again to join them"):
            board.run()
    assert board.run().shots == 3
    assert sends(server) == 3


# ---- interrupted, killed -------------------------------------------------------------------------------------------


def test_interrupted_it_keeps_what_is_done_and_goes_on_when_run_again(rig):
    server = rig.server(render=slowly)
    studio = rig.studio()
    board = board_of(studio)
    interrupt_when(lambda: sends(server) == 2)
    with pytest.raises(pv.WaitInterrupted) as caught:
        board.run()
    assert str(caught.value).startswith("you interrupted the storyboard: 1 of 3 clips is there")
    assert (len(board.clips), board.film) == (1, None)
    board_of(studio).run()
    assert sends(server) == 3


CHILD = """
import sys, pixverse_nb as pv
key, url, home, api, shots = sys.argv[1:]
studio = pv.Studio(key, base_url=url, home=home, api=api, pace=pv.Pace(poll_s=(0.01, 0.05)))
studio.storyboard(eval(shots), duration=1, quality="360p").run()
"""


@pytest.mark.parametrize("at", [1, 2, 3])
def test_killed_in_the_middle_the_next_kernel_sends_only_what_is_missing(rig, at):
    server = rig.server(render=slowly)
    command = [sys.executable, "-c", CHILD, KEY, server.url, str(rig.home), "v2", repr(PROMPTS[:3])]
    child = subprocess.Popen(command, cwd=Path(pv.__file__).parent.parent, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while sends(server) < at and time.monotonic() < deadline:
        time.sleep(0.005)
    time.sleep(0.15)  # its answer is there and written down; the clip is not
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert sends(server) == at
    board = board_of(rig.studio())
    film = board.run()
    assert (sends(server), film.joined) == (3, "stream copy")
    check_chain(board.clips)


def test_two_kernels_at_once_share_every_clip(rig):
    server = rig.server(render=slowly)
    films = []
    threads = [threading.Thread(target=lambda: films.append(board_of(rig.studio()).run())) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert films[0].path == films[1].path
    assert sends(server) == 3


# ---- on the screen -------------------------------------------------------------------------------------------------


def test_hostile_prompts_stay_text(rig, monkeypatch):
    server = rig.server(render=draw)
    server.faults.add("job", "fail", text=HOSTILE, skip=1, times=1)
    shown = watched(monkeypatch)
    shots = [HOSTILE, "\x1b[31mred\x07 " + HOSTILE * 9]
    board = board_of(rig.studio(), shots)
    with pytest.raises(pv.GenerationFailed):
        board.run()
    film = board.run()
    text, bundles = repr(board), [*shown.values(), film._repr_mimebundle_()]
    pages = [Page(board._repr_html_()), *(Page(bundle["text/html"]) for bundle in bundles)]
    for page in pages:
        assert {tag for tag, _ in page.tags} <= {
            "div", "table", "tbody", "tr", "td", "th", "span", "figure", "figcaption", "video",
        }  # fmt: skip
        assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]
        assert "onerror" in page.words
    for told in [text, *(bundle["text/plain"] for bundle in bundles)]:
        assert not set(told) & {"\x1b", "\x07"}


def test_a_run_is_live_and_ends_with_each_shots_state(rig, monkeypatch):
    rig.server(render=slowly)
    shown = watched(monkeypatch)
    board = board_of(rig.studio())
    seen = []
    thread = threading.Thread(target=lambda: [seen.append(Page(b["text/html"]).words) or time.sleep(0.1)
                                              for _ in range(12) for b in list(shown.values())])  # fmt: skip
    watch = threading.Timer(0.1, thread.start)
    watch.start()
    board.run()
    watch.join()
    thread.join()
    (last,) = shown.values()
    words = Page(last["text/html"]).words
    assert words.count("$0.044") == 3
    assert all(prompt in words for prompt in PROMPTS[:3])
    assert "3 of 3 clips" in words
    assert last["text/plain"].startswith("storyboard: 3 of 3 clips")
    assert any("waiting" in one and "drawing" in one for one in seen)


def test_a_film_plays_and_can_be_saved(rig, tmp_path):
    rig.server(render=draw)
    film = board_of(rig.studio()).run()
    bundle = film._repr_mimebundle_()
    player = harmless(bundle["text/html"]).the("video")
    assert player["src"].endswith(f"films/{film.path.name}")
    assert player["poster"].startswith("data:image/jpeg")
    assert "A film of 3 shots: " + " → ".join(PROMPTS[:3]) in Page(bundle["text/html"]).words
    saved = film.save(tmp_path / "out" / "film.mp4")
    assert saved.read_bytes() == film.path.read_bytes()
    assert film.save(tmp_path).name.startswith("film-")
    assert film.last_frame().size == (96, 64)
    film.path.unlink()
    with pytest.raises(pv.ClipError, match="film's file is gone"):
        film.save(tmp_path / "again.mp4")
    json.dumps(bundle)
