"""What differs between clips: in the words of their prompts, and in all else that was asked, paid and measured."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Literal

from pixverse_nb.display.shelf import cost_words, seconds_words
from pixverse_nb.parameters import PARAMETERS, with_defaults
from pixverse_nb.rows import request_of
from pixverse_nb.store.words import Row

Kind = Literal["same", "ins", "del", "gap"]
Piece = tuple[Kind, str]

# A word with the blanks after it; a sign; and, in scripts that put no blanks between words, each character.
_SCRIPTS = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"[{_SCRIPTS}]\s*|[^\W{_SCRIPTS}]+(?:['’][^\W{_SCRIPTS}]+)*\s*|[^\w\s]\s*|\s+")
_AROUND = 60  # characters that are shown on each side of a change


def word_differences(old: str, new: str) -> list[Piece]:
    """How one text becomes another, word by word.

    Returns
    -------
    list of (kind, text)
        "same", "del" (only in the old one) and "ins" (only in the new one). The texts of "same" and "ins" joined are
        `new` exactly, those of "same" and "del" are `old`.
    """
    before, after = _WORD.findall(old), _WORD.findall(new)
    head = _shared(before, after)
    tail = _shared(before[head:][::-1], after[head:][::-1])
    pieces: list[Piece] = [("same", "".join(after[:head]))]
    middle = (before[head : len(before) - tail], after[head : len(after) - tail])
    for tag, a, b, c, d in difflib.SequenceMatcher(None, *middle, autojunk=False).get_opcodes():
        if tag == "equal":
            pieces.append(("same", "".join(middle[0][a:b])))
        else:
            pieces += [("del", "".join(middle[0][a:b])), ("ins", "".join(middle[1][c:d]))]
    pieces.append(("same", "".join(after[len(after) - tail :])))
    return _merged(_joined(pieces))


def in_short(pieces: Sequence[Piece]) -> list[Piece]:
    """The same for a small place: of a long stretch that is the same, what is near a change; "gap" is an ellipsis."""
    short: list[Piece] = []
    for number, (kind, text) in enumerate(pieces):
        if kind != "same" or len(text) <= 2 * _AROUND + 20:
            short.append((kind, text))
            continue
        if number:
            short.append(("same", text[:_AROUND].rsplit(None, 1)[0] + " "))
        short.append(("gap", "… "))
        if number < len(pieces) - 1:
            short.append(("same", text[-_AROUND:].split(None, 1)[-1]))
    return short


def facts_of(rows: Sequence[Row]) -> tuple[list[tuple[str, str]], list[list[tuple[str, str]]]]:
    """What all clips have in common, and of each what not all have; cost and latency are said of each.

    Returns
    -------
    (list of (label, text), list of lists of (label, text))
        The prompt is left out: `word_differences` is for that.
    """
    said = {name for row in rows for name in request_of(row).parameters} - {"prompt"}  # nobody chose the others
    asked = [_asked(row, said) for row in rows]
    if all(abs(row["video_duration_s"] - row["duration"]) < _AS_ASKED_S for row in rows):
        _leave_out(asked, "measured_length")
    if all(bool(row["video_has_audio"]) == (row["generate_audio_switch"] is not False) for row in rows):
        _leave_out(asked, "measured_sound")
    names = [name for name in _ORDER if any(name in one for one in asked)]
    names += sorted({name for one in asked for name in one} - set(names))
    same: list[tuple[str, str]] = []
    each: list[list[tuple[str, str]]] = [[] for _ in rows]
    for name in names:
        texts = [one.get(name, "–") for one in asked]
        if len(set(texts)) == 1:
            same.append((_label(name), texts[0]))
        else:
            for facts, text in zip(each, texts, strict=True):
                facts.append((_label(name), text))
    for facts, row in zip(each, rows, strict=True):
        facts.append(("Cost", cost_words(row)))
        facts.append(("Took", seconds_words(row["latency_s"]) or "–"))
    return same, each


_MEASURED: Mapping[str, tuple[str, Callable[[Row], str]]] = {
    "measured_size": ("Picture", lambda row: f"{row['video_width_px']}×{row['video_height_px']} px"),
    "measured_length": ("Length", lambda row: f"{row['video_duration_s']:.2f} s"),
    "measured_rate": ("Frame rate", lambda row: f"{row['video_fps']:.4g} fps"),
    "measured_sound": ("Sound", lambda row: "yes" if row["video_has_audio"] else "silent"),
}
_OTHERS = {"take": "Take", "image": "Picture sent", "service": "Made by"}
_ORDER = (*(name for name in PARAMETERS if name != "prompt"), *_OTHERS, *_MEASURED)
_LONGEST = 160  # characters of a value
_AS_ASKED_S = 0.1  # so near, a clip is as long as was asked for


def _asked(row: Row, names: Collection[str]) -> dict[str, str]:
    """What was asked for and delivered, in words, by name; of the parameters `names`, with their defaults."""
    request = request_of(row)
    full = with_defaults(request.parameters)
    given = {name: full[name] for name in names if name in full}
    given.update({f"extra {name}": value for name, value in request.extra.items()})
    told = {name: _text(value, name) for name, value in given.items()}
    told["take"] = str(row["take"])
    told["service"] = "the preview engine" if row["service"] == "preview" else str(row["service"])
    if row["image_sha256"]:
        told["image"] = str(row["image_sha256"])[:10]
    return told | {name: words(row) for name, (_, words) in _MEASURED.items()}


def _leave_out(told: Sequence[dict[str, str]], name: str) -> None:
    """What came as it was asked for is said once."""
    for one in told:
        one.pop(name, None)


def _text(value: object, name: str) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    unit = PARAMETERS[name].unit if name in PARAMETERS else None
    plain = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    plain = f"{plain} {unit}" if unit else plain
    return plain if len(plain) <= _LONGEST else plain[: _LONGEST - 1] + "…"


def _label(name: str) -> str:
    if name in PARAMETERS:
        return PARAMETERS[name].label
    return _MEASURED[name][0] if name in _MEASURED else _OTHERS.get(name, name)


def _shared(one: Sequence[str], other: Sequence[str]) -> int:
    """How many words they begin with in common."""
    count = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        count += 1
    return count


def _joined(pieces: Sequence[Piece]) -> list[Piece]:
    """A comma that two changes have between them belongs to both: scattered signs are hard to read."""
    whole: list[Piece] = []
    for number, (kind, text) in enumerate(pieces):
        between = 0 < number < len(pieces) - 1 and not any(letter.isalnum() for letter in text)
        if kind == "same" and text and between:
            whole += [("del", text), ("ins", text)]
        else:
            whole.append((kind, text))
    return whole


def _merged(pieces: Sequence[Piece]) -> list[Piece]:
    """Neighbours of one kind as one; of a change, what went before what came; without empty ones."""
    merged: list[Piece] = []
    gone = come = ""

    def flush() -> None:
        changed: tuple[Piece, Piece] = (("del", gone), ("ins", come))
        merged.extend(piece for piece in changed if piece[1])

    for kind, text in pieces:
        if kind == "del":
            gone += text
        elif kind == "ins":
            come += text
        elif text:
            flush()
            gone = come = ""
            if merged and merged[-1][0] == "same":
                merged[-1] = ("same", merged[-1][1] + text)
            else:
                merged.append(("same", text))
    flush()
    return merged


def is_changed(pieces: Sequence[Piece]) -> bool:
    """Whether there is a difference at all."""
    return any(kind != "same" for kind, _ in pieces)
