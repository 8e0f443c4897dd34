"""What is shown in a notebook as it looks there, and printed in words anywhere else."""

from __future__ import annotations

from . import console
from .frontend import in_notebook


def show(markup: str, text: str) -> None:
    """Show it in the notebook, or print its text elsewhere."""
    if in_notebook():
        from IPython.display import display

        display({"text/html": markup, "text/plain": text}, raw=True)
    else:
        console.answer(text)
