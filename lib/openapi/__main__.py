"""python -m lib.openapi: write the document; with --check, only say whether it is up to date."""

import os
import sys
from pathlib import Path

from lib.openapi.document import build, text

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "public/api/v1/openapi.json"

# Route files refuse to load without these; nothing is connected to or signed here.
UNUSED = {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none", "JWT_SECRET": "unused" * 8}


def main(arguments: list[str]) -> int:
    """Write or check the file; return the exit status."""
    os.environ.update(UNUSED | os.environ)
    new = text(build(ROOT))
    if arguments != ["--check"]:
        FILE.write_text(new)
        return 0
    if FILE.read_text() == new:
        return 0
    print("The reference is not what the routes say any more: run `make openapi`.")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
