"""python -m realtime_host.asyncapi: write the document; with --check, say if it is up to date."""

import sys
from pathlib import Path

from lib.openapi.document import text
from realtime_host.asyncapi.document import build

FILE = Path(__file__).resolve().parents[2] / "public/api/v1/asyncapi.json"


def main(arguments: list[str]) -> int:
    """Write or check the file; return the exit status."""
    content = text(build())
    if arguments != ["--check"]:
        FILE.write_text(content)
    elif not FILE.exists() or FILE.read_text() != content:
        print("The protocol's document is not what the events say any more: run `make openapi`.")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
