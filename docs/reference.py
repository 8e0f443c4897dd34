"""The reference's pages: names and their order; everything else is made from the docstrings, the schema and the table.

A public name that no page places stands on the last one, so that none is ever missing.
"""

from __future__ import annotations

import contextlib
import inspect
import io
import os
from collections.abc import Sequence

import pixverse_nb as pv
from pixverse_nb import errors, history, logs
from pixverse_nb.display.manual import manual_html
from pixverse_nb.magics.manual import manual
from pixverse_nb.parameters import PARAMETERS
from pixverse_nb.preview import faults
from pixverse_nb.preview.__main__ import main as preview
from pixverse_nb.pricing import MICROS, PRICES, PRICES_AS_OF

# Page -> title, a word before, and the classes and functions on it; names without a dot are public ones.
_PAGES: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "studio": ("The studio", "Everything hangs on it.", ("Studio",)),
    "clips": (
        "Generations and clips",
        "What sending gives: a handle that follows its job, and the clip on the disk.",
        ("Generation", "Generations", "Video"),
    ),
    "history": (
        "The history: df.pixverse",
        "`studio.history()` is a pandas DataFrame; every slice of it has these methods. Its columns are listed below.",
        (
            "table.accessor.Accessor", "history.History", "table.chooser.Chooser", "table.report.Report",
            "table.pictures.Pictures", "table.pictures.Picture",
        ),
    ),
    "money": (
        "Prices, budgets, sweeps, films",
        "What it will cost, what it may cost, and what it did cost.",
        ("estimate", "Estimate", "Budget", "Cap", "Credits", "Plan", "storyboard.board.Storyboard",
         "storyboard.film.Film", "Reconciliation", "imports.Imported"),
    ),
    "panel": (
        "Panel and player",
        "`studio.panel()` and `studio.compare(...)` give these; both show themselves.",
        ("panel.panel.Panel", "Player"),
    ),
    "request": (
        "Requests",
        "What is sent, and how patiently.",
        ("Request", "Pace"),
    ),
    "preview": (
        "The preview engine",
        "A server on your own machine that speaks the service's protocol and draws clips, for any client.",
        ("PreviewServer", "preview.server.LoggedRequest", "preview.faults.FaultScript", "preview.faults.Fault",
         "preview.RenderError"),
    ),
}  # fmt: skip
_WHAT_IS_SENT = """\
The API's own names, with the ranges that Segmind's and PixVerse's public pages give. What is not set is not sent, but
for the prompt, the duration and the quality.
"""
_OWN_ALONE = {"Player", "Generations", "history.History"}  # what they inherit is a widget's, a list's, a table's own
ONLY = {"panel.panel.Panel": ("history", "close"), "preview.faults.FaultScript": ("add", "clear", "pending")}
"""Members for readers; the others of these classes are for the rooms beside them."""


def pages() -> dict[str, str]:
    """Every page of the reference, by its name, in the order in which they are read."""
    made = {name: _page(*of) for name, of in _PAGES.items()}
    made["studio"] += '\n## pv.\\_\\_version\\_\\_\n\nThe version of the toolkit, such as "0.1.0".\n'
    made["history"] += _columns()
    made["preview"] += _faults() + _command("python -m pixverse_nb.preview --help", _help_of_the_preview())
    made["parameters"] = _parameters()
    made["magic"] = _magic()
    made["errors"] = _errors()
    made["logging"] = _logging()
    if left_over():
        made["others"] = _page("Other names", "", left_over())
    order = ("studio", "clips", "history", "money", "panel", "parameters", "magic", "request", "errors", "preview")
    return {name: made[name] for name in (*order, *(name for name in made if name not in order))}


def shown() -> list[str]:
    """Everything that has an entry in the reference, by its name inside the package."""
    return [*(name for _, _, names in _PAGES.values() for name in names), *_error_names()]


def left_over() -> list[str]:
    """The public names that no page places."""
    placed = {name.rpartition(".")[2] for name in shown()}
    return [name for name in pv.__all__ if name not in placed and name != "__version__"]


def _error_names() -> list[str]:
    """The errors and warnings, as the tree has them: a class after what it is made from."""
    return [
        name
        for name, value in vars(errors).items()
        if inspect.isclass(value) and issubclass(value, BaseException) and name in pv.__all__
    ]


def _page(title: str, before: str, names: Sequence[str]) -> str:
    return "\n\n".join([f"# {title}", before, *(_entry(name) for name in names)]) + "\n"


def _entry(name: str) -> str:
    """One class with all of its public methods, or one function."""
    last = name.rpartition(".")[2]
    if last == "estimate":
        return f"## pv.{last}\n\n```{{eval-rst}}\n.. autofunction:: pixverse_nb.{name}\n```"
    members = " ".join([":members:", ", ".join(ONLY.get(name, ()))]).strip()
    lines = [f".. autoclass:: pixverse_nb.{name}", f"   {members}"]
    if name not in _OWN_ALONE:
        lines.append("   :inherited-members:")
    title = "df.pixverse" if last == "Accessor" else last
    return f"## {title}\n\n```{{eval-rst}}\n" + "\n".join(lines) + "\n```"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines) + "\n"


def _block(text: str, kind: str = "text") -> str:
    return f"```{kind}\n{text.strip(chr(10))}\n```\n"


# ---- made from the schema and the table ----------------------------------------------------------------------------


def _parameters() -> str:
    def rows(*, generic: bool) -> list[list[str]]:
        return [
            [f"`{p.name}`", p.allowed, "" if p.default is None else f"`{p.default}`", p.help]
            for p in PARAMETERS.values()
            if p.generic is generic
        ]

    heads = ("Name", "Takes", "Default", "What for")
    prices = [[q, *(f"${micros / MICROS:.5f}" for micros in pair)] for q, pair in PRICES.items()]
    return "\n".join([
        "# Parameters and prices\n",
        _WHAT_IS_SENT,
        _table(heads, rows(generic=False)),
        "## Advanced\n",
        "From the generic image table of the API's page: accepted, and checked against the ranges that it gives.\n",
        _table(heads, rows(generic=True)),
        "## Prices\n",
        f"US dollars per second of video, as of {PRICES_AS_OF}; what the service reports is what counts.\n",
        _table(("Quality", "Silent", "With audio"), prices),
    ])  # fmt: skip


def _columns() -> str:
    rows = [[f"`{name}`", f"`{getattr(dtype, 'name', dtype)}`"] for name, dtype in history.COLUMNS.items()]
    before = (
        "## Columns\n\nThe index is `id`. Units stand in the names; moments are UTC; the unknown is missing, never 0."
    )
    return f"\n{before}\n\n{_table(('Column', 'dtype'), rows)}"


def _errors() -> str:
    tree = inspect.getdoc(errors) or ""
    before, drawn, after = tree.split("\n\n", 2)
    entries = [
        f"```{{eval-rst}}\n.. autoexception:: pixverse_nb.{name}\n   :members:\n   :show-inheritance:\n```"
        for name in _error_names()
    ]
    return "\n\n".join([f"# Errors\n\n{before}", _block(drawn), after, *entries]) + "\n"


def _magic() -> str:
    before = (
        "# The magic: %%pixverse\n\n`%load_ext pixverse_nb` once, then a cell whose body is the prompt. Tab completes "
        "the options and their values.\n"
    )
    example = "%%pixverse --duration 5 --quality 720p --as clip\nA lighthouse in a storm, slow dolly in"
    options = _block(str(manual_html(manual())), "{raw} html")
    return f"{before}\n{_block(example)}\n\n## `%pixverse --help`\n\n{options}"


def _logging() -> str:
    first, code, *rest = (inspect.getdoc(logs) or "").split("\n\n")
    table, *more = rest
    words = "\n\n".join(more)
    return f"# Logging\n\n{first}\n\n{_block(inspect.cleandoc(code), 'python')}\n{_block(table)}\n{words}\n"


def _faults() -> str:
    return f"\n## What can go wrong on purpose\n\n```{{eval-rst}}\n{inspect.getdoc(faults)}\n```\n"


def _help_of_the_preview() -> str:
    said = io.StringIO()
    os.environ["COLUMNS"] = "88"  # as wide as a page, whatever the terminal
    with contextlib.redirect_stdout(said), contextlib.suppress(SystemExit):
        preview(["--help"])
    return said.getvalue()


def _command(command: str, text: str) -> str:
    return f"\n## `{command}`\n\n{_block(text)}"
