"""`python -m lib.audit verify [--workspace ID]`: whether the log is what was recorded.

The exit status is 0 when it is, 1 when a chain is broken, and 2 when that can't be told.
"""

import argparse
import sys
from uuid import UUID

from lib.audit import chain_queries
from lib.audit.chain import NOWHERE
from lib.audit.verification import REASONS, Report, verify
from lib.config import ConfigError
from lib.errors import Unavailable
from lib.stores import mongo, postgres

STEP = 10_000  # events verified in one go

INTACT, BROKEN, UNKNOWN = 0, 1, 2


def main(words: list[str]) -> int:
    """Verify what the words ask for, one line for each chain; return the exit status."""
    parser = argparse.ArgumentParser("python -m lib.audit", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("verify", help="verify the chain of every workspace, or of one")
    command.add_argument("--workspace", type=UUID, help="its id; the nil id: events of none")
    wanted = parser.parse_args(words)
    try:
        return _verify([wanted.workspace] if wanted.workspace else None)
    except (Unavailable, ConfigError) as error:
        print(f"The log can't be verified: {error}", file=sys.stderr)  # noqa: T201
        return UNKNOWN
    finally:
        postgres.close()
        mongo.close()


def _verify(chains: list[UUID] | None) -> int:
    with postgres.connection() as conn:
        chains = chain_queries.all_chains(conn) if chains is None else chains
    reports = [_shown(chain) for chain in chains]
    broken = sum(report.broken is not None for report in reports)
    print(f"{len(reports)} chains, {broken} broken.")  # noqa: T201
    return BROKEN if broken else INTACT


def _shown(chain: UUID) -> Report:
    first, verified, report = 0, 0, Report(0, 0, 0)
    while not (report.complete or report.broken):
        report = verify(chain, after=report.upto or None, limit=STEP)
        first = first or report.after + 1
        verified += report.upto - report.after
    name = "no workspace" if chain == NOWHERE else f"workspace {chain}"
    figures = f"{verified} events verified, from {first} on; {report.waiting} not delivered yet"
    print(f"{name}: {_verdict(report)}; {figures}")  # noqa: T201
    return report


def _verdict(report: Report) -> str:
    if not report.broken:
        return "intact"
    return f"BROKEN at {report.broken.seq}: {REASONS[report.broken.reason]}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
