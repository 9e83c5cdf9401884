"""python -m lib.emulator doctor: lib.doctor, with the addresses and secrets of `make up`."""

import os

from lib.doctor.__main__ import main as examine
from lib.emulator import environment
from lib.emulator.up import ROOT, for_this_copy


def main(arguments: list[str]) -> int:
    """Examine this copy of the system, which has to be running; 1 when something failed."""
    os.environ.update(for_this_copy(environment.read(ROOT)))
    return examine(arguments)
