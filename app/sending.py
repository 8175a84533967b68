"""What the worker does about referrals the moment it is due: sends messages, reminds, lets requests expire.

In threads of its own: neither a mail server that takes its time nor a silent webhook holds up the index, and
neither of them holds up the other.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from app.db import DATABASE_AWAY
from app.services import deliveries, referral_due
from app.services.deliveries import Channel

logger = logging.getLogger("torg.sending")
# A sender waits for the other side most of its time; each holds a database connection for moments.
SENDERS: dict[Channel, int] = {"email": 2, "webhook": 4}
POLL_SECONDS = 1.0
DUE_SECONDS = 60.0
STOP_SECONDS = 5.0


class Sending:
    """The threads, until `stopped` is set."""

    def __init__(self, stopped: threading.Event) -> None:
        self._stopped = stopped
        self._wakes: list[threading.Event] = []
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        for channel, number in SENDERS.items():
            for _ in range(number):
                # Its own event for each: what one has slept through, another must not have cleared.
                wake = threading.Event()
                self._wakes.append(wake)
                self._begin(self._send, channel, wake)
        self._begin(self._look_at_the_clock)

    def wake(self) -> None:
        """Something may be due: look at once."""
        for wake in self._wakes:
            wake.set()

    def join(self) -> None:
        """Wait for messages in hand, a moment; one that takes longer is sent again by the next worker."""
        self.wake()
        end = time.monotonic() + STOP_SECONDS
        for thread in self._threads:
            thread.join(max(0.0, end - time.monotonic()))

    def _begin(self, work: Callable[..., None], *arguments: object) -> None:
        self._threads.append(threading.Thread(target=work, args=arguments, daemon=True))
        self._threads[-1].start()

    def _send(self, channel: Channel, wake: threading.Event) -> None:
        while not self._stopped.is_set():
            wake.clear()
            with _guarded():
                while not self._stopped.is_set() and deliveries.deliver_one(channel):
                    pass
            wake.wait(POLL_SECONDS)

    def _look_at_the_clock(self) -> None:
        while not self._stopped.is_set():
            with _guarded():
                referral_due.run()
            self._stopped.wait(DUE_SECONDS)


@contextmanager
def _guarded() -> Iterator[None]:
    """A fault of one message must not silence all others: it is told, and the thread goes on."""
    try:
        yield
    except DATABASE_AWAY as error:
        logger.warning("store_away error=%s", type(error).__name__)
    except Exception as error:  # noqa: BLE001 - as the docstring says
        # The kind alone: what an error quotes may be an address.
        logger.error("sending_failed error=%s", type(error).__name__)  # noqa: TRY400
