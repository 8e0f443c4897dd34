"""How Sphinx makes the site of the pages that `make_docs.py` lays out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.domains.python import PyObject  # type: ignore[attr-defined]
from sphinx.pycode import ModuleAnalyzer

import pixverse_nb

project = "pixverse_nb"
release = version = pixverse_nb.__version__
default_role = "code"
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
templates_path: list[str] = []
suppress_warnings = ["mystnb.unknown_mime_type"]  # widget views: their outputs have HTML, too

html_theme = "furo"
html_title = f"pixverse_nb {release}"
html_static_path = [str(Path(__file__).with_name("static"))]
html_css_files = ["pixverse.css"]
html_copy_source = html_show_sphinx = html_show_copyright = False
pygments_style, pygments_dark_style = "friendly", "github-dark"
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#5b3fc4", "color-brand-content": "#5b3fc4"},
    "dark_css_variables": {"color-brand-primary": "#b7a6ff", "color-brand-content": "#b7a6ff"},
}

# The notebooks have run before; what needs a script from elsewhere is left out.
nb_execution_mode = "off"
nb_ipywidgets_js: dict[str, Any] = {}
nb_mime_priority_overrides = [
    ("html", "application/vnd.jupyter.widget-view+json", None),
    ("html", "application/javascript", None),
]
nb_merge_streams = True
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
add_module_names = False
toc_object_entries_show_parents = "hide"
python_maximum_signature_line_length = 88
napoleon_google_docstring = False
napoleon_use_rtype = False
napoleon_preprocess_types = False
napoleon_use_ivar = True
napoleon_custom_sections = [("API parameters", "params_style")]

_CALLED = {"Studio", "Budget", "Pace", "PreviewServer", "Request", "preview.faults.Fault"}


def setup(app: Any) -> None:
    """What Sphinx's settings cannot say."""
    app.connect("autodoc-process-docstring", _with_a_plain_head, priority=100)  # before napoleon reads it
    app.connect("autodoc-process-signature", _without_constructors)
    app.connect("doctree-read", _without_chance_links)
    for field in PyObject.doc_field_types:
        field.label = "Attributes" if field.name == "variable" else field.label
    # The signature that Tab completes is shown, not the two that type checkers tell apart.
    for module in ("pixverse_nb.studio", "pixverse_nb.pricing"):
        analyzer = ModuleAnalyzer.for_module(module)
        analyzer.analyze()
        analyzer.overloads.clear()


def _with_a_plain_head(app: Any, what: str, name: str, value: Any, options: Any, lines: list[str]) -> None:
    """A section's head becomes a field's name, which ends at its first colon."""
    del app, what, name, value, options
    lines[:] = ["API parameters" if line.startswith("API parameters (") else line for line in lines]


def _without_constructors(
    app: Any, what: str, name: str, value: Any, options: Any, signature: str | None, returned: str | None
) -> tuple[str, None] | None:
    """People call the constructors of public classes alone; the rest, and errors, are handed to them."""
    del app, value, options, returned
    mine = what == "exception" or (what == "class" and name.removeprefix("pixverse_nb.") not in _CALLED)
    return ("", None) if mine and signature else None


def _without_chance_links(app: Any, doctree: nodes.document) -> None:
    """A type such as "path" is a word; it does not mean the attribute of that name in some class."""
    del app
    for link in list(doctree.findall(pending_xref)):
        if link.get("reftype") == "class" and str(link["reftarget"]).islower():
            link.replace_self(link.children)
