"""A worker under somebody who kills it: `python killed_worker.py DEED MOMENT`.

It does the deed at that moment in a process that is killed at the first point, then in one that lives; then
it is killed at the second point, and so on, until one lives through all points, and all that is left is done.
Prints how many points there were. See killer.py.
"""

import os
import signal
import sys
from collections.abc import Callable
from datetime import datetime

from killer import Killer, end_with_parent
from sqlalchemy import text

from app import db
from app.services import deliveries, referral_due, retention

DEEDS: dict[str, Callable[[datetime], object]] = {
    "expire": referral_due.expire_one,
    "remind": referral_due.remind_one,
    "shred": retention._shred_batch,
    "mail": lambda _now: deliveries.deliver_one("email"),
}
NOTHING_LEFT, DONE = 3, 0


def one_process(deed: str, now: datetime, at: int) -> int | None:
    """Whether a process found something to do; None when it was killed."""
    child = os.fork()
    if child == 0:
        end_with_parent()
        killer = Killer()
        with db.engine().begin() as connection:  # what a killed one has held is due again
            connection.execute(text("UPDATE outbox SET run_after = now() WHERE kind = 'notify'"))
        killer.begin(at)
        done = DEEDS[deed](now)
        killer.end()
        os._exit(DONE if done else NOTHING_LEFT)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
        return None
    code = os.waitstatus_to_exitcode(status)
    if code not in (DONE, NOTHING_LEFT):
        raise SystemExit(code)
    return code


def main(deed: str, now: datetime) -> None:
    end_with_parent()
    retention.BATCH = 1
    at = 1
    while (code := one_process(deed, now, at)) is None:
        if one_process(deed, now, 0) != DONE:
            raise SystemExit("there was not enough to do")
        at += 1
    if code != DONE:
        raise SystemExit("there was not enough to do")
    while one_process(deed, now, 0) == DONE:
        pass
    sys.stdout.write(f"{at - 1}\n")


if __name__ == "__main__":
    main(sys.argv[1], datetime.fromisoformat(sys.argv[2]))
