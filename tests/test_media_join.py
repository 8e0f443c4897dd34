"""Joined clips: every picture in its place, the sound with its pictures, and nothing encoded anew without need."""

import hashlib
import json
import shutil
import subprocess
import sys
from fractions import Fraction
from itertools import accumulate, pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from clips import make_clip

import pixverse_nb as pv
from pixverse_nb.media import reels as reels_module
from pixverse_nb.media.images import load_picture
from pixverse_nb.media.join import COPIED, ENCODED, how_joined, join
from pixverse_nb.media.probe import probe
from pixverse_nb.media.reels import Reels

RATE = 48_000
ROOT = str(Path(pv.__file__).parent.parent)


def sounding(path, *, frames=24, fps=24, hz=440, sound_s=None, size=(96, 64), pts=None, level=100, rate=RATE):
    """A clip with a tone; `pts` are its pictures' moments in ms, for a rate that varies."""
    base = Fraction(1, 1000) if pts else Fraction(1, fps)
    moments = pts or list(range(frames))
    seconds = sound_s if sound_s is not None else frames / fps
    with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as out:
        video = out.add_stream("libx264", rate=1000 if pts else fps)
        video.width, video.height, video.pix_fmt = *size, "yuv420p"
        video.time_base = video.codec_context.time_base = base
        video.options = {"preset": "veryfast", "crf": "10", "bf": "0" if pts else "2", "threads": "1"}
        sound = out.add_stream("aac", rate=rate, layout="stereo")
        for number, moment in enumerate(moments):
            picture = np.full((size[1], size[0], 3), (level + 7 * number) % 200 + 20, np.uint8)
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = moment, base
            out.mux(video.encode(frame))
        out.mux(video.encode())
        wave = 0.5 * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate)) / rate)
        for start in range(0, len(wave), 1024):
            part = np.ascontiguousarray(np.tile(wave[start : start + 1024].astype(np.float32), (2, 1)))
            frame = av.AudioFrame.from_ndarray(part, format="fltp", layout="stereo")
            frame.sample_rate, frame.pts, frame.time_base = rate, start, Fraction(1, rate)
            out.mux(sound.encode(frame))
        out.mux(sound.encode())
    return path


def pictures(path):
    """Every decoded picture, and its moment."""
    with av.open(str(path)) as container:
        return [(frame.pts * frame.time_base, frame.to_ndarray()) for frame in container.decode(video=0)]


def packets(path, kind="video"):
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(**{kind: 0}) if packet.size]


def heard(path):
    """All samples, mono, each where a player that keeps time has it; from 0 on."""
    with av.open(str(path)) as container:
        rate = container.streams.audio[0].rate
        parts = [(round(float(f.pts * f.time_base) * rate), f.to_ndarray()[0]) for f in container.decode(audio=0)]
    whole = np.zeros(parts[-1][0] + len(parts[-1][1]), np.float32)
    for start, samples in parts:
        whole[max(start, 0) : start + len(samples)] = samples[max(-start, 0) :]
    return whole


def pitch(samples, rate=RATE):
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return np.argmax(spectrum) * rate / len(samples)


def length(path):
    """Until the last picture has been shown, s: the file's own figure is rounded to milliseconds."""
    with av.open(str(path)) as container:
        last = max((p for p in container.demux(video=0) if p.size), key=lambda p: p.pts)
        return (last.pts + last.duration) * last.time_base


def same_pictures(film, clips):
    """Each picture of the film is its clip's, at its moment: bit by bit."""
    starts = [0, *accumulate(length(clip) for clip in clips)]
    meant = [
        (at + start, picture) for start, clip in zip(starts, clips, strict=False) for at, picture in pictures(clip)
    ]
    found = pictures(film)
    assert [at for at, _ in found] == [at for at, _ in meant]
    for (_, one), (_, two) in zip(found, meant, strict=True):
        assert np.array_equal(one, two)
    assert length(film) == starts[-1]
    assert abs(probe(film).duration_s - starts[-1]) < 0.01


# ---- copied --------------------------------------------------------------------------------------------------------

KINDS = {
    "plain": {},
    "b-frames": {"b_frames": 3, "gop": 12},
    "silent": {"audio": False},
    "turned": {"rotation": 90},
    "index at the end": {"faststart": False},
    "30 fps": {"fps": 30},
    "mpeg4": {"codec": "mpeg4"},
}


@pytest.mark.parametrize("kind", KINDS)
def test_alike_clips_are_copied_packet_by_packet(tmp_path, kind):
    clips = [make_clip(tmp_path / f"{n}.mp4", frames=n, noise=n, **KINDS[kind]) for n in (31, 1, 24)]
    joined = join(clips, tmp_path / "film.mp4")
    assert (joined.how, joined.reason, str(joined)) == (COPIED, "", "stream copy")
    assert packets(tmp_path / "film.mp4") == [packet for clip in clips for packet in packets(clip)]
    same_pictures(tmp_path / "film.mp4", clips)
    one, film = probe(clips[0]), probe(tmp_path / "film.mp4")
    assert (film.width, film.height, film.has_audio) == (one.width, one.height, one.has_audio)
    assert how_joined(tmp_path / "film.mp4") == joined


def test_a_rate_that_varies_is_kept_moment_by_moment(tmp_path):
    moments = [0, 40, 80, 160, 170, 250, 290, 330, 500]
    one = sounding(tmp_path / "1.mp4", pts=moments, sound_s=0.54)
    two = sounding(tmp_path / "2.mp4", pts=[0, 40, 120, 160, 200, 240], sound_s=0.28, level=50)
    assert join([one, two], tmp_path / "film.mp4").how == COPIED
    same_pictures(tmp_path / "film.mp4", [one, two])


def test_one_clip_is_a_film(tmp_path):
    clip = sounding(tmp_path / "1.mp4", frames=31)
    assert join([clip], tmp_path / "film.mp4").how == COPIED
    same_pictures(tmp_path / "film.mp4", [clip])
    assert packets(tmp_path / "film.mp4", "audio") == packets(clip, "audio")


@pytest.mark.parametrize("sound", [0, -0.13, 0.2], ids=["as long", "shorter", "longer"])
def test_the_sound_stays_with_its_pictures_over_many_joints(tmp_path, sound):
    """Packets follow each other evenly, so that a player that counts them does not drift."""
    tones = [400 + 200 * n for n in range(8)]
    clips = [
        sounding(tmp_path / f"{n}.mp4", frames=25 + n, hz=hz, sound_s=(25 + n) / 24 + sound, level=20 * n)
        for n, hz in enumerate(tones)
    ]
    film = tmp_path / "film.mp4"
    assert join(clips, film).how == COPIED
    same_pictures(film, clips)
    with av.open(str(film)) as container:
        moments = [packet.pts for packet in container.demux(audio=0) if packet.size]
    assert {b - a for a, b in pairwise(moments)} == {1024}
    samples = heard(film)
    assert abs(len(samples) / RATE - float(length(film)) - max(sound, 0) - min(sound, 0)) < 0.045
    starts = [0, *accumulate(float(length(clip)) for clip in clips)]
    for start, end, hz in zip(starts, starts[1:], tones, strict=False):
        near = [start + 0.035, end + min(sound, 0) - 0.085]  # a twentieth of a second, close to the joints
        for at in near:
            part = samples[round(at * RATE) : round((at + 0.05) * RATE)]
            assert abs(pitch(part) - hz) < 25, (at, hz)
        if sound < 0:
            quiet = samples[round((end - 0.08) * RATE) : round((end - 0.03) * RATE)]
            assert np.abs(quiet).max(initial=0) < 0.01


# ---- encoded anew --------------------------------------------------------------------------------------------------


def encoded(clips, film, reason):
    joined = join(clips, film)
    assert joined.how == ENCODED
    assert reason in joined.reason
    assert str(how_joined(film)) == str(joined) == f"re-encoded: {joined.reason}"
    return probe(film)


def test_a_silent_clip_among_others_gets_silence(tmp_path):
    one, three = (sounding(tmp_path / f"{n}.mp4", hz=400 * n) for n in (1, 3))
    two = make_clip(tmp_path / "2.mp4", frames=24, audio=False, b_frames=2)
    facts = encoded([one, two, three], tmp_path / "film.mp4", "sound of clip 2 differs")
    assert (facts.duration_s, facts.fps, facts.has_audio) == (3.0, 24.0, True)
    samples = heard(tmp_path / "film.mp4")
    assert abs(len(samples) / RATE - 3) < 0.03
    assert np.abs(samples[round(1.05 * RATE) : round(1.95 * RATE)]).max() < 0.02
    assert abs(pitch(samples[round(0.1 * RATE) : round(0.9 * RATE)]) - 400) < 5
    assert abs(pitch(samples[round(2.1 * RATE) : round(2.9 * RATE)]) - 1200) < 5
    assert len(pictures(tmp_path / "film.mp4")) == 72


def test_the_first_may_be_the_silent_one(tmp_path):
    one, two = make_clip(tmp_path / "1.mp4", frames=24, audio=False), sounding(tmp_path / "2.mp4", hz=800)
    assert encoded([one, two], tmp_path / "film.mp4", "").has_audio
    samples = heard(tmp_path / "film.mp4")
    assert np.abs(samples[: round(0.95 * RATE)]).max() < 0.02
    assert abs(pitch(samples[round(1.1 * RATE) : round(1.9 * RATE)]) - 800) < 5


def test_another_shape_is_letterboxed_and_never_distorted(tmp_path):
    one = sounding(tmp_path / "1.mp4", size=(192, 128), level=120)
    two = make_clip(tmp_path / "2.mp4", width=64, height=96, frames=24, audio=False)  # white top left corner
    facts = encoded(
        [one, two], tmp_path / "film.mp4", "size of clip 2 differs from the first clip's: 64×96, and 192×128"
    )
    assert (facts.width, facts.height, facts.duration_s) == (192, 128, 2.0)
    with av.open(str(tmp_path / "film.mp4")) as container:
        last = [frame.to_ndarray(format="gray") for frame in container.decode(video=0)][30]
    lit = np.flatnonzero(last[100] > 40)
    assert abs(len(lit) - 128 * 64 / 96) <= 3, "as wide as its shape asks for"
    assert abs((lit[0] + lit[-1]) / 2 - 96) <= 3, "in the middle"
    corner = last[:32, lit[0] : lit[0] + 21]
    assert np.median(corner) > 220, "upright"


def test_a_turned_clip_stays_upright(tmp_path):
    one = make_clip(tmp_path / "1.mp4", width=64, height=96, frames=12, audio=False)
    two = make_clip(tmp_path / "2.mp4", width=96, height=64, rotation=90, frames=12, audio=False)
    meant = _last_frame(two)
    facts = encoded([one, two], tmp_path / "film.mp4", "")
    assert (facts.width, facts.height) == (64, 96)
    found = np.asarray(_last_frame(tmp_path / "film.mp4").convert("L"), int)
    assert np.abs(found - np.asarray(meant.convert("L"), int)).mean() < 6


def _last_frame(path):
    from pixverse_nb.media.frames import last_frame

    return last_frame(path)


@pytest.mark.parametrize("rates", [(24, 30), (30, 12), (25, 24)])
def test_another_rate_becomes_the_first_ones(tmp_path, rates):
    one, two = (sounding(tmp_path / f"{fps}.mp4", frames=fps * 2, fps=fps, hz=400 + fps) for fps in rates)
    facts = encoded([one, two], tmp_path / "film.mp4", "")
    assert facts.fps == rates[0]
    assert abs(facts.duration_s - 4) <= 1 / rates[0]
    assert len(pictures(tmp_path / "film.mp4")) == 4 * rates[0]
    samples = heard(tmp_path / "film.mp4")
    assert abs(len(samples) / RATE - 4) < 0.03
    assert abs(pitch(samples[round(2.1 * RATE) : round(3.9 * RATE)]) - 400 - rates[1]) < 3


def test_another_sample_rate_keeps_its_pitch(tmp_path):
    one, two = (sounding(tmp_path / f"{rate}.mp4", hz=500, rate=rate) for rate in (48_000, 44_100))
    encoded([one, two], tmp_path / "film.mp4", "sample rate")
    samples = heard(tmp_path / "film.mp4")
    assert abs(len(samples) / RATE - 2) < 0.03
    assert abs(pitch(samples[round(1.1 * RATE) : round(1.9 * RATE)]) - 500) < 5


# ---- what cannot be joined -----------------------------------------------------------------------------------------


def test_a_broken_or_missing_clip_is_named(tmp_path):
    good = make_clip(tmp_path / "good.mp4")
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(good.read_bytes()[:-500])
    for bad in (cut, tmp_path / "nowhere.mp4"):
        with pytest.raises(pv.ClipError, match=bad.name):
            join([good, bad], tmp_path / "film.mp4")
    assert not (tmp_path / "film.mp4").exists()
    with pytest.raises(pv.ClipError, match="no clip"):
        join([], tmp_path / "film.mp4")
    assert how_joined(good) is None
    with pytest.raises(pv.ClipError):
        how_joined(cut)


FULL = """
import json, resource, sys
from pathlib import Path
import pixverse_nb as pv
from pixverse_nb.media.reels import Reels
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), int(sys.argv[1])))
try:
    Reels(Path(sys.argv[2])).film([Path(name) for name in sys.argv[3:]])
except pv.ClipError as error:
    print(json.dumps(str(error)))
"""


@pytest.mark.parametrize("other", [{}, {"audio": False}], ids=["copied", "encoded"])
@pytest.mark.parametrize("room", [0, 20_000])
def test_a_full_disk_is_one_clear_error_and_loses_nothing(tmp_path, other, room):
    clips = [make_clip(tmp_path / "1.mp4", noise=60), make_clip(tmp_path / "2.mp4", noise=90, **other)]
    before = [clip.read_bytes() for clip in clips]
    home = tmp_path / "home"
    command = [sys.executable, "-c", FULL, str(room), str(home), *map(str, clips)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    said = json.loads(done.stdout)
    assert said.startswith("the disk is full")
    assert "Free some space" in said
    assert list((home / "films").iterdir()) == []
    assert [clip.read_bytes() for clip in clips] == before
    path, _ = Reels(home).film(clips)
    assert probe(path).duration_s == 2.0


# ---- films and last frames of a home -------------------------------------------------------------------------------


def by_hash(clip, folder):
    """As the home names a clip."""
    place = folder / f"{hashlib.sha256(clip.read_bytes()).hexdigest()}.mp4"
    shutil.copy(clip, place)
    return place


def test_a_film_is_made_once_and_again_when_it_is_damaged(tmp_path, monkeypatch):
    clips = [by_hash(make_clip(tmp_path / f"{n}.mp4", noise=n), tmp_path) for n in (1, 2)]
    joins = []
    monkeypatch.setattr(reels_module, "join", lambda paths, to: joins.append(1) or join(paths, to))
    reels = Reels(tmp_path / "home")
    path, joined = reels.film(clips)
    assert (path.parent, joined.how, len(joins)) == (tmp_path / "home" / "films", COPIED, 1)
    assert Reels(tmp_path / "home").film(clips) == (path, joined)
    assert len(joins) == 1
    assert reels.film(clips[::-1])[0] != path, "another order is another film"
    path.write_bytes(path.read_bytes()[:-100])
    assert reels.film(clips) == (path, joined)
    assert probe(path).duration_s == 2.0


def test_a_last_frame_is_the_same_bytes_in_another_process_and_with_another_decoder(tmp_path, monkeypatch):
    clip = by_hash(make_clip(tmp_path / "1.mp4", noise=60, b_frames=3), tmp_path)
    made = Reels(tmp_path / "home").last_frame(clip)
    assert made == load_picture(_last_frame(clip)).data, "what image=generation sends"
    code = (
        "import sys, hashlib; from pathlib import Path; from pixverse_nb.media.reels import Reels; "
        "print(hashlib.sha256(Reels(Path(sys.argv[1])).last_frame(Path(sys.argv[2]))).hexdigest())"
    )
    for home in ("home", "another home"):
        command = [sys.executable, "-c", code, str(tmp_path / home), str(clip)]
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
        assert done.stdout.strip() == hashlib.sha256(made).hexdigest()
    monkeypatch.setattr("pixverse_nb.media.frames.last_frame", lambda path: pytest.fail(f"{path} was decoded again"))
    assert Reels(tmp_path / "home").last_frame(clip) == made


def test_a_kept_frame_that_is_cut_is_made_again(tmp_path):
    clip = by_hash(make_clip(tmp_path / "1.mp4"), tmp_path)
    reels = Reels(tmp_path / "home")
    made = reels.last_frame(clip)
    place = reels.frames / f"{clip.stem}.png"
    place.write_bytes(made[:-20])
    assert reels.last_frame(clip) == made == place.read_bytes()
