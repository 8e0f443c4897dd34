"""The documentation: every public name has a whole docstring and stands on the site, which needs no network."""

from __future__ import annotations

import ast
import html
import importlib
import inspect
import itertools
import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import nbformat
import pytest

import pixverse_nb as pv

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "docs"))
import make_docs  # noqa: E402
import reference  # noqa: E402

HEAD = re.compile(r"^(\S.*)\n-{3,}$", re.MULTILINE)
ERRORS = {name for name in pv.__all__ if inspect.isclass(getattr(pv, name)) and name in dir(pv.errors)}
ALSO_ERRORS = {"refused", "refuse"}  # functions that make one


def opened(name: str):
    """What the reference shows under this name."""
    module, _, last = name.rpartition(".")
    return getattr(importlib.import_module(f"pixverse_nb.{module}") if module else pv, last)


def members(name: str, kind: type) -> list[tuple[str, object]]:
    """The public methods and properties of a class that are this package's own."""
    found = {}
    for base in reversed(kind.__mro__):
        if base.__module__.startswith("pixverse_nb"):
            found.update({key: value for key, value in vars(base).items() if not key.startswith("_")})
    wanted = reference.ONLY.get(name, found)
    methods = (classmethod, staticmethod, property)
    return [
        (f"{name}.{key}", value)
        for key, value in found.items()
        if key in wanted and (inspect.isfunction(value) or isinstance(value, methods))
    ]


SHOWN = [(name, opened(name)) for name in reference.shown()]
CLASSES = [(name, value) for name, value in SHOWN if inspect.isclass(value)]
MEMBERS = [pair for name, value in CLASSES for pair in members(name, value)]
FUNCTIONS = [
    *((name, value) for name, value in SHOWN if inspect.isfunction(value)),
    *((name, getattr(value, "__func__", value)) for name, value in MEMBERS if not isinstance(value, property)),
]


def sections(text: str) -> dict[str, str]:
    """A numpy docstring's sections by their heads."""
    parts = HEAD.split(inspect.cleandoc(text))
    return {"": parts[0], **dict(zip(parts[1::2], parts[2::2], strict=True))}


def listed(section: str) -> list[str]:
    """The names that a section explains: `x, y : str` are two."""
    heads = [line.partition(" : ")[0] for line in section.splitlines() if line and not line.startswith(" ")]
    return [name.strip().lstrip("*") for head in heads for name in head.split(",")]


def of(pairs):
    return pytest.mark.parametrize(("name", "value"), pairs, ids=[name for name, _ in pairs])


def test_the_lists_hold_what_they_should():
    """No check below is about nothing."""
    names = {name for name, _ in [*FUNCTIONS, *MEMBERS]}
    assert {"estimate", "Studio.generate", "Budget.of", "table.accessor.Accessor.report", "Video.save"} <= names
    assert "Generation.cost_usd" in names
    assert len(names) > 100


def test_the_reference_shows_every_public_name():
    """`pv.__all__` is the public door."""
    placed = {name.rpartition(".")[2] for name in reference.shown()}
    assert set(pv.__all__) - {"__version__"} <= placed
    assert reference.left_over() == [], "give them a page in docs/reference.py"
    assert "The version of the toolkit" in reference.pages()["studio"]


@of([*SHOWN, *MEMBERS])
def test_a_public_name_says_what_it_is(name, value):
    text = inspect.cleandoc(value.__doc__ or "")
    first = re.split(r"\n\s*\n", text)[0]
    assert first.rstrip("`'\"").endswith((".", ":")), f"{name} has no first sentence: {first!r}"


@of(FUNCTIONS)
def test_a_function_explains_its_parameters_by_their_names(name, value):
    """Each parameter of the signature is explained, and nothing that there is not."""
    found = sections(value.__doc__ or "")
    api = next((found[head] for head in found if head.startswith("API parameters")), "")
    told = list(dict.fromkeys([*listed(found.get("Parameters", "")), *listed(api)]))
    taken = [parameter for parameter in inspect.signature(value).parameters if parameter not in {"self", "cls"}]
    if api:
        told = [one for one in told if one != "parameters"]  # the signature has them one by one
    assert sorted(told) == sorted(taken), f"{name} explains {told} and takes {taken}"


@of(FUNCTIONS)
def test_a_function_says_what_it_returns(name, value):
    annotation = inspect.signature(value).return_annotation
    if annotation not in {None, "None", inspect.Signature.empty}:
        assert "Returns" in sections(value.__doc__ or ""), f"{name} gives {annotation}"


@of([*FUNCTIONS, *((name, value.fget) for name, value in MEMBERS if isinstance(value, property))])
def test_a_function_says_which_errors_it_raises(name, value):
    """Those that stand in its own code; what it raises further down is said where a reader needs it."""
    raised = raised_by(value)
    told = sections(value.__doc__ or "").get("Raises", "")
    if raised:
        assert told, f"{name} raises {raised}"
    bases = {base.__name__ for one in listed(told) for base in [getattr(pv, one, None)] if base is not None}
    for one in raised - ALSO_ERRORS:
        assert bases & {base.__name__ for base in getattr(pv, one).__mro__}, f"{name} raises {one}"


def raised_by(function) -> set[str]:
    tree = ast.parse(textwrap.dedent(inspect.getsource(inspect.unwrap(function))))
    made = [node.exc for node in ast.walk(tree) if isinstance(node, ast.Raise) and node.exc is not None]
    called = [exc.func if isinstance(exc, ast.Call) else exc for exc in made]
    names = {getattr(one, "attr", getattr(one, "id", "")) for one in called}
    return names & (ERRORS | ALSO_ERRORS)


CALLED = ("Studio", "PreviewServer")
CARRIED = ("Budget", "Pace", "Request", "Estimate", "Credits", "Cap", "Video", "PixverseError")


@pytest.mark.parametrize("name", [*CALLED, *CARRIED])
def test_a_class_explains_what_it_is_made_of(name):
    """Parameters of a constructor, or attributes of a value, by their names."""
    kind = getattr(pv, name)
    found = sections(kind.__doc__)
    told = listed(found["Parameters" if name in CALLED else "Attributes"])
    taken = [one for one in inspect.signature(kind).parameters if not one.startswith("_") and one != "what"]
    assert set(taken) <= set(told), f"{name} takes {taken}"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The site as `make docs` builds it, with the notebooks as they are committed."""
    target = tmp_path_factory.mktemp("site") / "docs"
    command = [sys.executable, str(ROOT / "docs" / "make_docs.py"), "--as-committed", "--target", str(target)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, env=environment)
    assert done.returncode == 0, done.stderr[-3000:]
    return target


def test_every_public_name_stands_on_the_site(site):
    """With its members; a warning of Sphinx's is an error, so what stands there is also well formed."""
    pages = "".join(page.read_text(encoding="utf-8") for page in (site / "reference").glob("*.html"))
    anchors = set(re.findall(r'id="pixverse_nb\.([\w.]+)"', pages))
    own = {name for name, _ in [*SHOWN, *MEMBERS] if name.partition(".")[0] not in ERRORS or "." not in name}
    assert own - anchors == set()
    text = html.unescape(re.sub(r"<[^>]+>", "", pages))
    for name in ("negative_prompt", "video_loudness_lufs", "--seed N", "--fault AT:KIND", "└── ServerError"):
        assert name in text


def test_every_notebook_has_a_page(site):
    for path in (ROOT / "notebooks").glob("[0-9]*.ipynb"):
        page = (site / "notebooks" / f"{path.stem}.html").read_text(encoding="utf-8")
        assert "import pixverse_nb as pv" in re.sub(r"<[^>]+>", "", page)


def test_a_notebook_runs_once_without_a_key_and_its_clips_lie_beside_its_page(tmp_path, monkeypatch):
    """A page plays what the notebook made, from the site itself; nothing that runs for it can spend money."""
    monkeypatch.setenv("SEGMIND_API_KEY", "SG_0123456789abcdef")
    code = (
        "import os, pathlib; from IPython.display import HTML\n"
        "_ = pathlib.Path('home').mkdir(), pathlib.Path('home/clip.mp4').write_bytes(b'clip')\n"
        'display(HTML(\'<video src="home/clip.mp4"></video><a href="https://segmind.com">elsewhere</a>\'))\n'
        "os.environ.get('SEGMIND_API_KEY'), os.getcwd()"
    )
    path = tmp_path / "01_small.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)]), path)
    source, target = tmp_path / "source", tmp_path / "site"
    (source / "notebooks").mkdir(parents=True)
    folder = make_docs.run(path, tmp_path / "kept")
    make_docs.show(path, folder, source, target)
    player, value = nbformat.read(source / "notebooks" / path.name, as_version=4).cells[0].outputs
    assert '<video src="01_small/home/clip.mp4">' in player.data["text/html"]
    assert 'href="https://segmind.com"' in player.data["text/html"]
    assert value.data["text/plain"].startswith("(None,")
    assert (target / "notebooks" / "01_small" / "home" / "clip.mp4").read_bytes() == b"clip"
    monkeypatch.setattr(make_docs, "NotebookClient", None)
    assert make_docs.run(path, tmp_path / "kept") == folder


def test_the_site_takes_nothing_from_the_network(site):
    """It can be read on a train: no script, style, font or picture comes from elsewhere."""
    looked = 0
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        looked += 1
        assert not re.search(r'\ssrc="(https?:)?//', text), page.name
        for link in re.findall(r"<link[^>]+>", text):
            assert not re.search(r'href="(https?:)?//', link), link
    for style in site.rglob("*.css"):
        assert not re.search(r"url\([\"']?(https?:)?//", style.read_text(encoding="utf-8")), style.name
    assert looked > 15


def test_the_pages_links_lead_somewhere(site):
    """Inside the site, and to its pictures."""
    looked = 0
    for page in site.rglob("*.html"):
        for link in re.findall(r'\s(?:href|src)="([^"#?:]+)["#?]', page.read_text(encoding="utf-8")):
            looked += 1
            assert (page.parent / link).exists(), f"{page.relative_to(site)} leads to {link}"
    assert looked > 500


def test_the_animation_loops_is_small_and_moves():
    """The README's animation: six seconds, 640 px, under 1 MB, and no two scenes are one."""
    from PIL import Image, ImageChops, ImageStat

    path = ROOT / "docs" / "animation.webp"
    assert path.stat().st_size < 1_000_000
    with Image.open(path) as picture:
        assert picture.format == "WEBP"
        assert picture.width == 640
        assert picture.info["loop"] == 0
        frames, seconds = [], 0.0
        for number in range(picture.n_frames):
            picture.seek(number)
            picture.load()
            seconds += picture.info["duration"] / 1000
            if number % (picture.n_frames // 4) == 0:
                frames.append(picture.convert("RGB"))
        assert picture.n_frames / seconds > 15, "it moves smoothly"
    assert 5 < seconds < 8
    for one, other in itertools.pairwise(frames):
        assert max(ImageStat.Stat(ImageChops.difference(one, other)).mean) > 10
