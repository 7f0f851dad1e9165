"""How work is dealt to the workers of pytest-xdist: a file's tests to one of them, and browsers to few."""

from __future__ import annotations

from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

_BROWSER = "tests/e2e/"


class Dealing(LoadScopeScheduling):  # type: ignore[misc]  # of a package without types
    """Deal files with a browser to half the workers, and first; what is left at the end to whoever is free.

    Each worker that drives a browser starts a server and a Chromium of its own, and two at once on two cores
    hold each other up: a page that loads twice as long is what makes such a test fail. Beside one that works
    the processor hard, with one process, it loads as fast as alone.
    """

    def _split_scope(self, nodeid: str) -> str:
        return nodeid.split("::", 1)[0]

    def _assign_work_unit(self, node: WorkerController) -> None:
        drives = node in self.nodes[: max(1, len(self.nodes) // 2)]
        chosen = next((file for file in self.workqueue if file.startswith(_BROWSER) == drives), None)
        if chosen is not None:
            self.workqueue.move_to_end(chosen, last=False)
        super()._assign_work_unit(node)
