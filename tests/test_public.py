"""The public door: its names, and that opening it costs nothing."""

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import pixverse_nb as pv

NAMES = [
    "AuthenticationError", "BadAnswer", "BadRequest", "Budget", "BudgetExceeded", "Cap", "ClipError", "Credits",
    "Estimate", "Generation", "GenerationFailed", "Generations", "HomeError", "InsufficientCredits", "InvalidImage",
    "InvalidParameter", "MissingKey", "ModelRetired", "ModerationRefused", "ModerationWarning", "NewerHistory",
    "NotFound",
    "OutcomeUnknown", "Pace", "PermissionDenied", "PixverseError", "Plan", "Player",
    "Chooser", "Film", "Imported", "Pictures", "Report", "Storyboard", "PreviewServer", "RateLimited",
    "Reconciliation",
    "RejectedValue", "Request", "RequestExpired", "ServerError", "ServiceError", "ServiceUnreachable",
    "SpendingLimit", "Studio", "UnknownParameter", "UnsupportedType", "Video", "WaitInterrupted", "WaitTimeout",
    "WrongMethod", "__version__", "estimate",
]  # fmt: skip
SOURCE = Path(pv.__file__)


def test_the_public_names_are_these():
    assert sorted(pv.__all__) == sorted(NAMES)
    assert dir(pv) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_every_name_opens(name):
    value = getattr(pv, name)
    assert value is not None
    if name != "__version__":
        assert value.__name__ == name
        assert value.__module__.startswith(f"pixverse_nb.{pv._ROOMS[name]}")


def test_type_checkers_and_python_are_told_the_same():
    told = {}
    for node in ast.walk(ast.parse(SOURCE.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level == 1:
            for alias in node.names:
                assert alias.asname == alias.name  # an explicit re-export
                told[alias.name] = node.module
    assert told == pv._ROOMS
    assert set(pv._ROOMS) == set(NAMES) - {"__version__"}


def test_other_names_are_attribute_errors():
    with pytest.raises(AttributeError, match="Studios"):
        _ = pv.Studios
    with pytest.raises(ImportError):
        importlib.import_module("pixverse_nb.Studios")


def test_star_import_gives_the_public_names():
    code = "from pixverse_nb import *; print(*globals())"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=SOURCE.parent.parent, capture_output=True, text=True, check=True
    )
    assert set(NAMES) <= set(done.stdout.split())


def test_importing_loads_none_of_the_heavy_libraries():
    heavy = ("pandas", "sqlalchemy", "av", "ipywidgets", "numpy", "PIL", "requests", "IPython", "psutil", "tenacity")
    code = f"import sys, pixverse_nb; print(sorted(set(sys.modules) & set({heavy!r})))"
    root = str(SOURCE.parent.parent)
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_vocabulary_needs_none_of_them_either():
    code = (
        "import sys, pixverse_nb as pv; pv.estimate(duration=5); pv.Request.of({'prompt': 'x'}).identity; "
        "pv.RateLimited; print(sorted(set(sys.modules) & {'pandas', 'sqlalchemy', 'av', 'numpy', 'PIL', 'requests'}))"
    )
    root = str(SOURCE.parent.parent)
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_package_says_that_it_is_typed():
    assert (SOURCE.parent / "py.typed").is_file()
