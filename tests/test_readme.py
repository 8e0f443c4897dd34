"""The README's and the guide's own words: their snippets run, and their links lead somewhere."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from pathlib import Path

from IPython.core.interactiveshell import InteractiveShell

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = ("README.md", "docs/guide.md", "docs/safety.md", "docs/front_ends.md")


def test_the_readme_is_one_screen():
    """What it is, how it looks, how to begin, where it works; the rest is a link away."""
    assert len(README.splitlines()) <= 50
    assert len(README.split()) <= 450
    assert "![" in README.split("```")[0], "a picture comes before the first command"
    for page in PAGES[1:]:
        assert f"]({page}" in README


def test_the_snippets_run_in_order_with_no_key(capsys):
    """What the README and the guide show is what happens, on the preview engine."""
    names: dict[str, object] = {}
    found = {
        page: re.findall(r"```(i?python)\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), re.DOTALL)
        for page in PAGES
    }
    assert [len(snippets) for snippets in found.values()] == [1, 8, 2, 0]
    shell = InteractiveShell(user_ns=names)
    for language, snippet in (snippet for snippets in found.values() for snippet in snippets):
        if language == "python":
            exec(snippet, names)  # noqa: S102  our own README
        else:
            shell.run_cell(snippet).raise_error()
    assert names["storm"].request.prompt == "A lighthouse in a storm, golden light, slow dolly in"
    out = capsys.readouterr().out
    assert "$0.281" in out
    assert "$0.719" in out
    assert "duration=16 is not allowed: duration is a whole number from 1 to 15 s." in out
    assert len(names["studio"].history(status="completed")) == 14
    assert set(names["studio"].history(reused_from=None)["rating"].dropna()) == {4}
    assert list(names["df"]["status"]) == ["completed"] * 4
    takes, df, film = asyncio.run(names["film"]())
    assert [len(takes), len(df), film.shots] == [2, 2, 3]
    assert list(df["status"]) == ["completed"] * 2


def test_the_links_lead_to_files():
    """No link of a page points into the void, from where it lies."""
    for page in (*PAGES, "CONTRIBUTING.md", "CHANGELOG.md"):
        for target in re.findall(r"\]\((?!https?:)([^)#]+)[^)]*\)", (ROOT / page).read_text(encoding="utf-8")):
            assert ((ROOT / page).parent / target).exists(), f"{page} links to {target}"


def test_the_commands_that_the_readme_leads_with_exist():
    """`make demo`, `make lab` and `make test` are targets of the Makefile."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in ("demo", "lab", "test"):
        assert f"make {target}" in README
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)


def test_the_one_test_that_contributors_are_shown_exists():
    command = re.search(
        r"`\.venv/bin/python (-m pytest [^`]+)`", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    )
    told = [sys.executable, *command[1].split(), "--collect-only", "-q", "-p", "no:cacheprovider"]
    assert subprocess.run(told, cwd=ROOT, check=False, capture_output=True).returncode == 0, "it selects tests"
