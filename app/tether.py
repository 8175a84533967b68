"""Runs a command that ends when the process that started it ends, however that happens.

Called as a program, never imported: ``python tether.py SIGNAL PARENT UID:GID COMMAND …``. SIGNAL is what the
command gets when PARENT is gone; ``-`` in place of UID:GID keeps the user. The command replaces this process,
so its process id is the one the starter sees.

The order matters: Linux forgets the death signal when the user changes, and the parent may be gone before the
signal is asked for (prctl(2), PR_SET_PDEATHSIG). Systems other than Linux run the command without the tie.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    death_signal, parent, account, *command = arguments
    if account != "-":
        user, group = (int(part) for part in account.split(":"))
        os.setgroups([])
        os.setgid(group)
        os.setuid(user)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.Signals[death_signal].value, 0, 0, 0)
        if os.getppid() != int(parent):
            raise SystemExit(0)
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # Python ignores it, and the command would inherit that
    os.execvp(command[0], command)  # noqa: S606 - replacing this process is the purpose


if __name__ == "__main__":
    main(sys.argv[1:])
