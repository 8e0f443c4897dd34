"""One escape: HTML is built from elements, and whatever is not an element is text."""

from __future__ import annotations

import html


class Html(str):
    """Markup that was built here; everything else is escaped."""

    __slots__ = ()


_VOID = frozenset({"img", "br", "hr", "input", "meta"})


def el(tag: str, *children: Html | str | None, **attributes: object) -> Html:
    """An element; text children and attribute values are escaped, None and False attributes left out.

    A trailing underscore is dropped from an attribute's name (`class_`), and other underscores become dashes.
    """
    shown = []
    for name, value in attributes.items():
        if value is None or value is False:
            continue
        written = name.rstrip("_").replace("_", "-")
        shown.append(f" {written}" if value is True else f' {written}="{html.escape(str(value))}"')
    opening = f"<{tag}{''.join(shown)}>"
    return Html(opening) if tag in _VOID else Html(f"{opening}{join(*children)}</{tag}>")


def join(*children: Html | str | None) -> Html:
    """Children one after the other."""
    return Html("".join(c if isinstance(c, Html) else html.escape(c) for c in children if c is not None))
