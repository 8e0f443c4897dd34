"""From a path as a person writes it to a whole one."""

from __future__ import annotations

import os
from pathlib import Path

from .errors import InvalidParameter


def path_of(given: object, name: str, *, example: str) -> Path:
    """The whole path: `~` is a user's folder, and what is relative begins at the working folder.

    Parameters
    ----------
    given : str or path
        As it was written.
    name : str
        The argument's name, for the message.
    example : str
        What might be passed, for the message.

    Raises
    ------
    InvalidParameter
        For what is no path on any system, for a user that is not there, and when the working folder is gone.
    """
    try:
        text = os.fsdecode(given)  # type: ignore[arg-type]  # anything else is what the TypeError is for
        if not text.strip() or "\0" in text:
            raise _refused(f"{name}={text[:80]!r} is no path", f"Pass one such as {example}.")
        return Path(text).expanduser().absolute()
    except TypeError:
        raise _refused(f"{name}={str(given)[:80]!r} is no path", f"Pass one such as {example}.") from None
    except RuntimeError:
        who = text.replace("\\", "/").partition("/")[0]
        what = f"{who} is no user's folder here" if who != "~" else "nobody knows where your own folder (~) is"
        raise _refused(f"{name}={text[:80]!r}: {what}", f"Write the whole path, such as {example}.") from None
    except OSError as error:  # of the working folder
        why = error.strerror or type(error).__name__
        raise _refused(
            f"{name}={text[:80]!r} begins at the working folder, which cannot be found ({why})",
            "Change to a folder that is there (os.chdir), or write the whole path.",
        ) from None


def _refused(what: str, remedy: str) -> InvalidParameter:
    return InvalidParameter(what, remedy=remedy, billed=False)
