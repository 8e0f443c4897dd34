"""`df.pixverse.pictures()`: the figures are the measures', whatever the words, in a notebook and in a file."""

import html as markup
import io
import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import pixverse_nb as pv
from pixverse_nb.history import COLUMNS, History
from pixverse_nb.media.clips import Clips
from pixverse_nb.table import canvas
from pixverse_nb.table.pictures import NAMES, Picture, Pictures, pictures_of

HOSTILE = '<img src=x onerror="alert(1)">&amp;</td><script>alert(2)</script> $\\frac{1}{0$ $5 \x1b[2J'
JPEG = b"\xff\xd8 a small poster \xff\xd9"
SERVICE = "https://api.segmind.com"
PROMPTS = ("a red fox", "海辺を走る犬、夕焼け 한국어", "قطة تمشي", HOSTILE, "\U0001f98a\U000f1234 fox", "x" * 4000)


def history(n, *, preview=0, seed=1, days=20.0, prompts=PROMPTS, unknown=()):
    """Rows of clips that were charged and measured; the first `preview` of them the preview engine's."""
    random = np.random.default_rng(seed)
    at = range(n)
    table = {name: pd.Series([pd.NA] * n, dtype="string").astype(dtype) for name, dtype in COLUMNS.items()}
    moments = pd.Timestamp("2026-10-25", tz="UTC") + pd.to_timedelta(np.linspace(0, days, max(n, 1))[:n], unit="D")
    given = {
        "created_at": moments, "status": ["completed"] * n, "prompt": [prompts[i % len(prompts)] for i in at],
        "duration": [(5, 8)[i % 2] for i in at], "quality": [("540p", "1080p")[i % 3 == 0] for i in at],
        "cost_usd": [pd.NA if i in unknown else round(0.1 + 0.05 * (i % 7), 6) for i in at],
        "latency_s": random.lognormal(3.8, 0.4, n), "queue_s": random.exponential(3, n),
        "inference_s": random.lognormal(3.5, 0.4, n), "download_s": random.exponential(1, n),
        "video_duration_s": [5.0] * n, "decision": [("keep", "reject", pd.NA)[i % 3] for i in at],
        "service": ["preview" if i < preview else SERVICE for i in at],
    }  # fmt: skip
    for name, values in given.items():
        table[name] = pd.Series(values).astype(COLUMNS[name])
    made = History(pd.DataFrame(table)[list(COLUMNS)])
    made.index = pd.Index(pd.array([f"{i:016d}" for i in at], dtype="string"), name="id")
    return made


def failed(frame, error="the job failed: words of the service", **columns):
    """The same rows, failed."""
    made = frame.assign(status="failed", error=error, cost_usd=pd.NA, billed=False, http_status=422, **columns)
    return made.astype({name: COLUMNS[name] for name in made.columns})


def points(picture, label):
    """The places of all points of a kind: one array an axes that has some."""
    return [line.get_xydata() for axes in picture.figure.axes for line in axes.lines if line.get_label() == label]


def texts(picture):
    return [text.get_text() for text in picture.figure.texts]


def picture_of(png):
    with Image.open(io.BytesIO(png)) as image:
        return np.asarray(image.convert("RGBA"))


# ---- the contract ------------------------------------------------------------------------------------------------


def test_all_are_drawn_and_show_themselves_without_script_or_file():
    frame = history(12, preview=4, unknown={7}, prompts=["a <b> & c"])
    made = frame.pixverse.pictures()
    assert isinstance(made, Pictures)
    assert [picture.name for picture in made] == list(NAMES)
    bundle = made._repr_mimebundle_()
    assert bundle["text/html"].count('src="data:image/png;base64,') == 4, "nothing failed: a sentence there"
    assert "Nothing failed: 12 rows sent." in bundle["text/html"]
    assert not re.search(r"<script|<link|https?://|url\(|@import", bundle["text/html"])
    for picture in made[3:]:
        own = picture._repr_mimebundle_()
        assert set(own) == {"text/html", "image/png", "text/plain"}
        assert own["image/png"].startswith(b"\x89PNG")
        assert picture.words in own["text/plain"]
        assert markup.escape(picture.words)[:1400] in own["text/html"]
    assert made["costs"] is made[0]
    assert [picture.name for picture in made[1:3]] == list(NAMES[1:3])
    with pytest.raises(pv.UnknownParameter, match="Did you mean 'costs'"):
        made["cost"]


def test_names_are_checked_and_each_is_drawn_once():
    frame = history(3)
    assert [p.name for p in frame.pixverse.pictures("yields", "costs", "yields")] == ["yields", "costs"]
    with pytest.raises(pv.UnknownParameter, match=r"'latency' is not a picture.*Did you mean 'latencies'"):
        frame.pixverse.pictures("latency")
    with pytest.raises(pv.UnknownParameter, match="not a picture"):
        frame.pixverse.pictures(3)
    with pytest.raises(pv.InvalidParameter, match="lacks created_at"):
        frame.drop(columns="created_at").pixverse.pictures("costs")
    with pytest.raises(pv.InvalidParameter, match="several levels"):
        pd.concat({"a": frame}, axis=1).pixverse.pictures()


def test_matplotlib_comes_with_the_first_picture_alone_and_no_pyplot_ever():
    code = (
        "import sys, pixverse_nb.history, pandas as pd\n"
        "from pixverse_nb.table.pictures import pictures_of\n"
        "import pixverse_nb.table.accessor; assert 'matplotlib' not in sys.modules\n"
        "from pixverse_nb.history import COLUMNS\n"
        "frame = pd.DataFrame({n: pd.Series([], dtype=d) for n, d in COLUMNS.items()})\n"
        "pictures_of(frame, ['costs']); print('matplotlib' in sys.modules, 'matplotlib.pyplot' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "False"]


@pytest.mark.parametrize("form", ["png", "svg", "pdf"])
def test_a_picture_is_saved_by_its_suffix_and_replaces_what_was_there(tmp_path, form):
    place = tmp_path / f"a.{form.upper()}"
    place.write_text("old")
    assert history(5).pixverse.pictures("costs")[0].save(place) == place
    start = place.read_bytes()[:200]
    assert {"png": b"\x89PNG", "svg": b"<svg", "pdf": b"%PDF"}[form] in start or b"<?xml" in start
    assert list(tmp_path.iterdir()) == [place]


def test_what_cannot_be_saved_says_so_and_leaves_nothing(tmp_path):
    picture = history(2).pixverse.pictures("costs")[0]
    with pytest.raises(pv.InvalidParameter, match=r"\.png, \.svg or \.pdf"):
        picture.save(tmp_path / "a.gif")
    with pytest.raises(pv.ClipError) as caught:
        picture.save(tmp_path / "none" / "a.png")
    assert ".part" not in str(caught.value)
    (tmp_path / "a.png").mkdir()
    with pytest.raises(pv.ClipError):
        picture.save(tmp_path / "a.png")
    assert [p.name for p in tmp_path.iterdir()] == ["a.png"]


# ---- the figures -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 19, 500])
def test_the_percentiles_are_those_of_the_measure(n):
    frame = history(n)
    frame = pd.concat([frame, frame.head(3)])  # doubled rows count once
    table = frame.pixverse.latencies()
    picture = frame.pixverse.pictures("latencies")[0]
    for name in ("p50", "p90", "p99"):
        drawn = np.concatenate([some[:, 0] for some in points(picture, name)])
        expected = np.concatenate([table[table["stage"] == s][f"{name}_s"].to_numpy(float) for s in
                                   ("queue", "inference", "download", "whole")])  # fmt: skip
        assert list(drawn) == list(expected)
        # Below a second, one digit behind the point says nothing of 0.01 to 0.09 s, which a download takes.
    assert {f"{v:,.1f}" if v >= 1 else f"{v:.2g}" for v in expected} <= set(texts(picture))
    sizes = {f"n={k}: small sample" if k < 20 else f"n={k:,}" for k in table["n"]}
    assert sizes <= set(texts(picture))
    assert any("small sample" in size for size in sizes) == (n < 100)
    if n < 100:
        clips = sum(len(some) for some in points(picture, "clips"))
        assert clips == 4 * n, "every clip is a point in every stage"


def test_only_what_was_measured_is_drawn_and_most_groups_are_counted():
    frame = history(60).assign(queue_s=pd.NA, duration=[1 + i % 10 for i in range(60)])
    picture = frame.astype({"queue_s": "Float64"}).pixverse.pictures("latencies")[0]
    assert "queue" not in texts(picture)
    assert "The 6 largest of" in " ".join(texts(picture))
    assert len(points(picture, "p50")) == 3


@pytest.mark.parametrize("days", [0.0, 0.4, 30.0, 400.0, 3000.0])
def test_the_sum_over_time_and_the_bars_are_what_was_charged(days):
    frame = history(50, days=days, unknown={3, 4})
    picture = frame.pixverse.pictures("costs")[0]
    total = float(frame.pixverse.costs()["sum_usd"].iloc[0])
    (line,) = points(picture, "sum")
    assert line[-1, 1] == pytest.approx(total, abs=1e-9)
    assert (np.diff(line[:, 1]) >= 0).all()
    bars = [[patch.get_height() for patch in axes.patches] for axes in picture.figure.axes][1]
    assert sum(bars) == pytest.approx(total, abs=1e-9)
    by_quality = frame.pixverse.costs("quality")["sum_usd"]
    lying = [patch.get_width() for patch in picture.figure.axes[2].patches]
    assert lying == pytest.approx(list(by_quality))
    assert "Cost unknown: 2 rows" in " ".join(texts(picture))
    unit = {0.0: "hour", 0.4: "hour", 30.0: "day", 400.0: "week", 3000.0: "month"}[days]
    assert f"per {unit}" in texts(picture)


def test_weeks_begin_on_monday_and_days_at_midnight_utc():
    ends = ("2026-11-01T23:59:59", "2026-11-02T00:00:00", "2026-11-08T23:59:59", "2027-06-01T00:00:00")
    moments = pd.to_datetime([f"{end}Z" for end in ends], utc=True)
    picture = history(4).assign(created_at=moments.astype("datetime64[us, UTC]")).pixverse.pictures("costs")[0]
    bars = [(patch.get_x(), patch.get_height()) for patch in picture.figure.axes[1].patches]
    assert [height for _, height in bars] == pytest.approx([0.1, 0.15 + 0.2, 0.25])
    day = 86_400e6
    assert [int((x / day) + 3) % 7 for x, _ in bars] == [0, 0, 0]


def test_an_unknown_cost_is_never_drawn_as_nothing():
    frame = history(12, unknown={0, 5})
    picture = frame.pixverse.pictures("tradeoff")[0]
    (cloud,) = points(picture, "clips")
    assert len(cloud) == 10
    assert cloud[:, 1].min() > 0
    assert "Cost unknown: 2 clips, not drawn." in texts(picture)
    assert "n=10: small sample" in " ".join(texts(picture))
    for name in ("costs", "tradeoff"):
        nobody = history(3, unknown={0, 1, 2}).pixverse.pictures(name)[0]
        assert not nobody.figure.axes
        assert "unknown: 3" in nobody.html()


def test_pretended_money_stands_apart_and_is_called_so():
    frame = history(30, preview=10)
    costs, tradeoff, latencies, yields = frame.pixverse.pictures("costs", "tradeoff", "latencies", "yields")
    sums = {bool(row["is_preview"]): row["sum_usd"] for row in frame.pixverse.costs().to_dict("records")}
    real, pretended = points(costs, "sum")
    assert (real[-1, 1], pretended[-1, 1]) == pytest.approx((sums[False], sums[True]))
    assert [len(some) for some in points(tradeoff, "clips")] == [20, 10]
    for picture in (costs, tradeoff):
        assert "Preview engine: pretended money, nothing was billed" in texts(picture)
    assert "pretended" in costs.words
    for picture in (latencies, yields):
        assert any(text.endswith("· preview") for text in texts(picture))
        assert "pretended" in " ".join(texts(picture))
    only = history(3, preview=3).pixverse.pictures("costs")[0]
    assert "Preview engine: pretended money, nothing was billed" in texts(only)


def test_failures_are_counted_by_kind():
    frame = pd.concat([history(6), failed(history(4, seed=2)).rename(index=lambda key: "f" + key[1:])])
    picture = frame.pixverse.pictures("failures")[0]
    assert "the job failed (422): 4 rows, 0 billed, 0 maybe, known cost $0." in picture.words
    assert "4 of 10 rows failed" in " ".join(texts(picture))
    assert "words of the service" not in picture.html()


def test_yields_are_the_measures_by_prompt_and_by_setting():
    frame = history(60, prompts=[f"prompt {HOSTILE[:9]} {n}" for n in range(14)])
    table = frame.pixverse.yields()
    picture = frame.pixverse.pictures("yields")[0]
    for axes, by in zip(picture.figure.axes, ("prompt", ["duration", "quality"]), strict=True):
        expected = frame.pixverse.yields(by).sort_values("made", ascending=False, kind="stable").head(10)
        wide = [round(patch.get_width()) for patch in axes.patches]
        assert wide == [*expected["made"], *expected["finished"], *expected["kept"]]
    assert "The 10 prompts with the most of 14" in " ".join(texts(picture))
    assert f"{float(table['usable_s'].sum()):,.1f} s usable" in " ".join(texts(picture))


@pytest.mark.parametrize("name", NAMES)
def test_an_empty_table_is_a_quiet_sentence(name):
    frame = history(3).head(0)
    picture = frame.pixverse.pictures(name)[0]
    assert not picture.figure.axes
    assert "<img" not in picture.html()
    assert picture.words.endswith(".")
    assert picture.words in picture.html()
    assert picture_of(picture.png()).any()


# ---- words -------------------------------------------------------------------------------------------------------


def test_hostile_words_are_words_everywhere(tmp_path):
    clips = Clips(tmp_path)
    frame = pd.concat([history(12), failed(history(2), error=HOSTILE).rename(index=lambda key: "f" + key[1:])])
    frame._clips = clips
    made = frame.pixverse.pictures()
    html = made.html()
    assert "<script" not in html
    assert "<img src=x" not in html
    assert "&lt;img src=x" in html
    assert "\x1b" not in made._repr_mimebundle_()["text/plain"]
    html.encode()
    made["yields"].save(tmp_path / "a.svg")
    for picture in made:
        for text in picture.figure.texts:
            assert not text.get_parse_math()


def test_letters_without_a_font_are_a_box_and_no_warning():
    assert canvas.drawable("a fox") == "a fox"
    assert canvas.drawable("\U000f1234") == "\u25a1"
    assert canvas.shown("a\u202eb\nc\x07  d\ufe0f", 40) == "ab c d"
    assert canvas.shown("half \ud83d of a pair", 40) == "half ? of a pair"
    assert canvas.shown("犬" * 40, 11) == "犬" * 5 + "…"
    assert len(canvas.shown("x" * 4000, 34)) == 34


STYLES = {
    "text.usetex": True, "axes.grid": True, "axes.facecolor": "red", "figure.facecolor": "red", "font.size": 30.0,
    "savefig.bbox": "tight", "figure.autolayout": True, "lines.linestyle": ":", "lines.linewidth": 9.0,
    "axes.edgecolor": "red", "text.color": "red", "xtick.direction": "in", "lines.marker": "x",
    "font.family": ["fantasy"], "axes.spines.top": False, "savefig.dpi": 30, "savefig.pad_inches": 2.0,
    "font.weight": "bold", "xtick.major.size": 9.0, "xtick.minor.visible": True, "patch.edgecolor": "red",
    "axes.xmargin": 0.4, "grid.linewidth": 9.0, "grid.linestyle": ":", "patch.force_edgecolor": True,
}  # fmt: skip


def test_a_persons_own_style_changes_nothing_and_is_left_alone():
    import matplotlib as mpl

    frame = history(8, prompts=["a"])
    frame = pd.concat([frame, failed(history(2)).rename(index=lambda key: "f" + key[1:])])
    before = [picture.png() for picture in frame.pixverse.pictures()]
    with mpl.rc_context(STYLES):
        after = [picture.png() for picture in frame.pixverse.pictures()]
        assert mpl.rcParams["lines.linewidth"] == 9.0
    for name, one, two in zip(NAMES, before, after, strict=True):
        assert np.array_equal(picture_of(one), picture_of(two)), name


def test_the_ground_is_transparent_and_nothing_is_black_or_white():
    for picture in history(9, preview=3, prompts=["a"]).pixverse.pictures("costs", "tradeoff"):
        pixels = picture_of(picture.png()).reshape(-1, 4)
        assert (pixels[:, 3] == 0).mean() > 0.5
        solid = pixels[pixels[:, 3] > 250][:, :3].astype(int)
        assert len(solid)
        assert solid.max() < 250
        assert solid.max(axis=1).min() > 80


# ---- what lies below the points ----------------------------------------------------------------------------------


def spots(html):
    found = re.findall(r'<a class="pxp-dot" tabindex="0" style="left: ([\d.]+)%; top: ([\d.]+)%">', html)
    return [(float(left), float(top)) for left, top in found]


def test_each_point_has_its_poster_and_its_words_at_its_place():
    asked = []
    frame = history(6, unknown={2})
    picture = pictures_of(frame, ("tradeoff",), lambda key: asked.append(key) or JPEG)[0]
    html = picture.html()
    found = spots(html)
    assert sorted(asked) == [key for key in frame.index if not key.endswith("2")]
    assert len(found) == 5
    assert html.count("data:image/jpeg;base64,") == 5
    middle = picture_of(picture._view().png)
    height, width = middle.shape[:2]
    for left, top in found:
        red, _, blue, alpha = (int(v) for v in middle[round(top / 100 * height), round(left / 100 * width)])
        assert alpha > 100
        assert blue > red + 60, "the accent is below the spot"
    assert "took " in html
    assert "$0.10 · took" in html


def test_without_trust_the_points_stay_hidden_and_the_picture_has_a_title():
    html = pictures_of(history(4), ("tradeoff",), lambda _: JPEG).html()
    assert re.search(r'<div class="pxp-dots" hidden><a class="pxp-dot"', html)
    (css,) = re.findall(r"<style>(.*?)</style>", html, re.DOTALL)
    assert "&" not in css
    for rule in re.findall(r"([^{}]+)\{", css):
        assert all(part.strip().startswith(".pixverse-picture ") for part in rule.split(",")), rule
    assert re.search(r'<img src="data:image/png[^>]* alt="Cost against latency\. [^"]+" title="', html)


def test_posters_are_of_the_newest_and_no_more_than_said():
    asked = []
    picture = pictures_of(history(230), ("tradeoff",), asked.append)[0]
    html = picture.html()
    assert sorted(asked) == [f"{n:016d}" for n in range(130, 230)]
    assert len(spots(html)) == 100
    assert "data:image/jpeg" not in html
    assert "The newest 100 of 230 clips" in html


def test_posters_come_from_where_the_table_came_from(tmp_path):
    clips = Clips(tmp_path)
    frame = history(3)
    assert spots(frame.pixverse.pictures("tradeoff").html()) == []
    clips.posters.mkdir(parents=True)
    out = io.BytesIO()
    Image.new("RGB", (320, 180), "navy").save(out, "JPEG")
    (clips.posters / f"{frame.index[1]}.jpg").write_bytes(out.getvalue())
    frame._clips = clips
    html = frame.drop(columns="video_path").pixverse.pictures("tradeoff").html()
    assert len(spots(html)) == 3
    assert html.count("data:image/jpeg") == 1


# ---- for others' eyes --------------------------------------------------------------------------------------------


def test_prompts_and_costs_are_left_out_on_request():
    secret = history(24, prompts=["a secret fox", "another secret"])
    frame = pd.concat([secret, failed(secret.head(2)).rename(index=lambda key: "f" + key[1:])])
    hidden = pictures_of(frame, ("tradeoff", "failures", "yields"), lambda _: JPEG, redact_prompts=True)
    bundle = hidden._repr_mimebundle_()
    assert "secret" not in bundle["text/html"] + bundle["text/plain"]
    assert not any("secret" in text for picture in hidden for text in texts(picture))
    assert "prompt 2" in hidden["yields"].words
    free = pictures_of(frame, (), lambda _: JPEG, redact_costs=True)
    assert [picture.name for picture in free] == ["latencies", "failures", "yields"]
    assert "$" not in "".join(text for picture in free for text in (*texts(picture), picture.words))
    asked = pictures_of(frame, ("costs", "tradeoff"), lambda _: JPEG, redact_costs=True)
    assert asked.html().count("Costs are left out here.") == 2
    assert "$" not in asked.html()


def test_a_table_from_a_file_draws_the_same():
    frame = history(12)
    again = pd.read_csv(io.StringIO(frame.to_csv()), dtype={"id": str})
    drawn = again.pixverse.pictures("costs", "latencies", "tradeoff")
    assert all(isinstance(picture, Picture) for picture in drawn)
    for one in frame.pixverse.pictures("costs", "latencies"):
        assert one.words == drawn[one.name].words


def test_a_large_table_is_drawn_of_few_pieces():
    frame = history(5_000, days=300)
    costs, latencies, tradeoff = frame.pixverse.pictures("costs", "latencies", "tradeoff")
    (line,) = points(costs, "sum")
    assert len(line) <= 2002
    assert line[-1, 1] == pytest.approx(float(frame.pixverse.costs()["sum_usd"].iloc[0]))
    assert max(len(some) for some in points(latencies, "clips")) <= 6 * 300
    (cloud,) = [line for axes in tradeoff.figure.axes for line in axes.lines]
    assert len(cloud.get_xdata()) == 5_000
    assert cloud.get_rasterized()
