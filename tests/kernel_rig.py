"""A real kernel to run cells in, as a front end does."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import contextmanager


class Kernel:
    """A kernel of its own process, and a client of it."""

    def __init__(self, client, pid) -> None:
        self.client, self._pid = client, pid

    def execute(self, code, *, started=None):
        """A cell's reply and its outputs, in order; `started` is called when the first of them arrives."""
        outputs = []

        def hook(message):
            if message["msg_type"] in {"stream", "display_data", "execute_result", "error", "update_display_data"}:
                outputs.append((message["msg_type"], message["content"]))
                if started is not None and len(outputs) == 1:
                    started()

        reply = self.client.execute_interactive(code, timeout=60, output_hook=hook)
        return reply["content"], outputs

    def interrupt(self) -> None:
        """As Kernel > Interrupt; for any thread, which the manager's own way is not."""
        os.kill(self._pid, signal.SIGINT)


@contextmanager
def started():
    """A kernel without a key and without a person's own settings."""
    from jupyter_client.manager import start_new_kernel
    from jupyter_core.utils import ensure_event_loop

    environment = {**os.environ, "IPYTHONDIR": os.devnull + "-none", "PYTHONPATH": os.pathsep.join(sys.path)}
    environment.pop("SEGMIND_API_KEY", None)
    manager, client = start_new_kernel(env=environment)
    yield Kernel(client, manager.provisioner.pid)
    client.stop_channels()
    manager.shutdown_kernel(now=True)
    ensure_event_loop().close()
