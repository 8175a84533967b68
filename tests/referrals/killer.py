"""Ends its own process by SIGKILL at a chosen point of what it does with the database.

Points are: before each statement, before each commit or rollback, and when a connection is given back, which
is after the commit. Between them the service only reckons, so they are all there are; they are counted from
outside, in the driver, and the service knows nothing of it.
"""

import ctypes
import os
import signal

from sqlalchemy import Engine, Pool, event


class Killer:
    """Counts the points from `begin` on; `at` is the deadly one, 0 for none, `reached` the last one met."""

    def __init__(self) -> None:
        self.at = -1
        self.reached = 0
        for name in ("before_cursor_execute", "commit", "rollback"):
            event.listen(Engine, name, self.point)
        event.listen(Pool, "checkin", self.point)

    def begin(self, at: int) -> None:
        self.at, self.reached = at, 0

    def end(self) -> None:
        self.at = -1

    def point(self, *_: object, **__: object) -> None:
        if self.at < 0:
            return
        self.reached += 1
        if self.reached == self.at:
            os.kill(os.getpid(), signal.SIGKILL)


def end_with_parent() -> None:
    """Let the kernel end this process when its parent ends."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)
