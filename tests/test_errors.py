"""The tree of errors: what is drawn is what is there, and every message says event, bill and remedy."""

import inspect
import pickle
import re

import pytest

import pixverse_nb as pv
from pixverse_nb import errors

CLASSES = {
    name: kind
    for name, kind in vars(errors).items()
    if inspect.isclass(kind) and issubclass(kind, errors.PixverseError)
}


def drawn() -> dict[str, str | None]:
    """Class to parent, as the docstring's picture has it."""
    above: dict[int, str] = {}
    parents: dict[str, str | None] = {}
    for line in errors.__doc__.splitlines():
        found = re.match(r"^([│├└─ ]*)([A-Z]\w+)  ?", line)
        if found and found[2] in CLASSES:
            depth = len(found[1]) // 4
            above[depth] = found[2]
            parents[found[2]] = above[depth - 1] if depth else None
    return parents


def test_the_tree_in_the_docstring_is_the_tree():
    real = {name: kind.__mro__[1].__name__ for name, kind in CLASSES.items()}
    real["PixverseError"] = None
    assert drawn() == real
    assert len(real) > 25


def test_every_error_is_public_and_says_in_a_sentence_what_it_is():
    for name, kind in CLASSES.items():
        assert getattr(pv, name) is kind
        assert name in pv.__all__
        assert kind.__doc__.splitlines()[0].endswith(".")


@pytest.mark.parametrize(
    ("name", "builtin"),
    [("InvalidParameter", ValueError), ("UnknownParameter", TypeError), ("WaitTimeout", TimeoutError)],
)
def test_errors_are_also_what_pythons_people_catch(name, builtin):
    assert issubclass(CLASSES[name], builtin)


FIELDS = {"status_code": 406, "detail": "no money", "billed": False, "remedy": "Top up.", "request_id": "r-1"}


@pytest.mark.parametrize("name", CLASSES)
def test_every_error_carries_its_facts_and_survives_pickle(name):
    error = CLASSES[name]("it happened", **FIELDS)
    error.reset_s = 3.5
    for other in (error, pickle.loads(pickle.dumps(error))):  # noqa: S301  our own
        assert type(other) is CLASSES[name]
        assert {field: getattr(other, field) for field in FIELDS} == FIELDS
        assert other.reset_s == 3.5
        assert str(other) == "it happened: no money. Nothing was billed. Top up."


def test_a_message_says_event_bill_and_remedy_in_this_order():
    error = pv.ServiceError("it failed.", billed=True, remedy="Do this.", detail="really.")
    assert str(error) == "it failed: really. It was billed. Do this."
    assert str(pv.PixverseError("it failed")) == "it failed."
    assert str(pv.OutcomeUnknown("lost")) == "lost. It may be running and billed."
    assert str(pv.OutcomeUnknown("lost", billed=True)) == "lost. It was billed."


def test_the_services_words_are_not_said_twice():
    assert pv.ServiceError("it failed: too hot", detail="too hot.").event == "it failed: too hot"


def test_nothing_set_is_none_never_false():
    error = pv.ServiceError("x")
    assert [getattr(error, field) for field in FIELDS] == [None] * 5
