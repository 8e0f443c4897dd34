"""The README's own words: its snippets run, and its links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_snippets_run_in_order_with_no_key(capsys):
    """What the README shows is what happens, on the preview engine."""
    names: dict[str, object] = {}
    snippets = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert len(snippets) == 7
    for snippet in snippets:
        exec(snippet, names)  # noqa: S102  our own README
    out = capsys.readouterr().out
    assert "$0.719" in out
    assert "duration=16 is not allowed: duration is a whole number from 1 to 15 s." in out
    assert len(names["studio"].history(status="completed")) == 12
    assert set(names["studio"].history(reused_from=None)["rating"].dropna()) == {4}
    assert list(names["df"]["status"]) == ["completed"] * 4


def test_the_links_lead_to_files():
    """No link of the README, the CHANGELOG or CONTRIBUTING points into the void."""
    for page in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md"):
        for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", (ROOT / page).read_text(encoding="utf-8")):
            assert (ROOT / target).exists(), f"{page} links to {target}"


def test_the_commands_that_the_readme_leads_with_exist():
    """`make demo`, `make lab` and `make test` are targets of the Makefile."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in ("demo", "lab", "test"):
        assert f"make {target}" in README
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)
