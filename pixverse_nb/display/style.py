"""The look: JupyterLab's own colours with fallbacks, one accent, no plain black or white."""

from __future__ import annotations

INK = "var(--jp-ui-font-color1, inherit)"
MUTED = "var(--jp-ui-font-color2, #70757a)"
LINE = "var(--jp-border-color2, rgba(128, 128, 128, 0.35))"
SUNKEN = "var(--jp-layout-color2, rgba(128, 128, 128, 0.12))"
ACCENT = "var(--jp-brand-color1, #4f6bed)"
GOOD = "var(--jp-success-color1, #2e8540)"
WARN = "var(--jp-warn-color1, #b26a00)"
BAD = "var(--jp-error-color1, #c62828)"
FONT = "font-family: var(--jp-ui-font-family, system-ui, sans-serif); font-size: 13px; line-height: 1.5"
PLAIN = "mathjax_ignore tex2jax_ignore"
"""The class of everything that is shown: else two prices in a line, "$0.04 ... $0.28", are typeset as a formula."""
HEAVY = "text-shadow: 0.4px 0 currentColor"
"""In the place of bold letters, which are wider: what is pressed or opened must not move its neighbours."""
FIGURES = "font-variant-numeric: tabular-nums"


def pill(colour: str) -> str:
    """A small outlined label."""
    return (
        f"display: inline-block; padding: 0 8px; border-radius: 9px; border: 1px solid {colour}; color: {colour}; "
        "font-size: 11px; line-height: 17px; font-weight: 600; letter-spacing: 0.03em; white-space: normal"
    )
