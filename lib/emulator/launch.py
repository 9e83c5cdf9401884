"""Become another program that is stopped when its parent dies: run as a script, by path.

usage: launch.py PARENT SIGNAL UID GID PROGRAM [ARGUMENT ...]

A preexec_fn would do the same inside the parent, but that is unsafe in a process with threads. It
is started with `-I -S`, keeps its process id through exec, and costs about 15 ms.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1  # linux/prctl.h


def main(arguments: list[str]) -> None:
    """Drop to the user (unless UID is -1), ask for the signal, and exec the program."""
    parent, death_signal, uid, gid = (int(argument) for argument in arguments[:4])
    if uid >= 0:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    if sys.platform == "linux":  # after setuid, which clears it
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
        if os.getppid() != parent:  # it died while we were starting
            sys.exit(1)
    os.execv(arguments[4], arguments[4:])  # noqa: S606


if __name__ == "__main__":
    main(sys.argv[1:])
