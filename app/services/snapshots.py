"""Read-mostly tables as frozen objects, read once a process."""

from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

from sqlalchemy.orm import Session

T = TypeVar("T")


class Snapshot(Generic[T]):
    """A reader whose answer is kept until `reset_cache()`; call it with any session.

    `worth_keeping` tells a full answer from that of a database nobody has loaded yet, which is not kept.
    """

    def __init__(self, read: Callable[[Session], T], worth_keeping: Callable[[T], bool]) -> None:
        self._read = read
        self._worth_keeping = worth_keeping
        self._kept: T | None = None
        self._lock = Lock()
        self.__doc__ = read.__doc__

    def __call__(self, session: Session) -> T:
        if self._kept is not None:
            return self._kept
        with self._lock:
            if self._kept is None:
                found = self._read(session)
                if not self._worth_keeping(found):
                    return found
                self._kept = found
            return self._kept

    def reset_cache(self) -> None:
        """Forget, so that the next call reads the tables again."""
        with self._lock:
            self._kept = None
