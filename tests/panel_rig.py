"""What the panel's tests share: clicks as the browser makes them, jobs that wait, and what ipywidgets keeps alive."""

import threading
import time

import ipywidgets
from studio_rig import paint


class Easel:
    """Draws when it is told to: until then jobs are under way."""

    def __init__(self) -> None:
        self.ready = threading.Event()

    def __call__(self, shot, path) -> None:
        assert self.ready.wait(60)
        paint(shot, path)


def until(condition, seconds=20):
    """Wait for something that another thread does."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.02)


def click(button):
    """As the browser does; unlike `Button.click()` it swallows no error."""
    for handler in list(button._click_handlers.callbacks):
        handler(button)


def registry():
    """The ids of all widgets that are alive."""
    module = ipywidgets.widgets.widget
    return set(module._instances if hasattr(module, "_instances") else ipywidgets.Widget.widgets)


def states():
    """What all widgets hold, as it would be sent and saved."""
    module = ipywidgets.widgets.widget
    alive = module._instances if hasattr(module, "_instances") else ipywidgets.Widget.widgets
    return "\n".join(str(widget.get_state()) for widget in list(alive.values()))


def values(**more):
    """A small request, as the form holds it."""
    return {"prompt": "a red fox", "duration": 1, "quality": "360p", **more}
