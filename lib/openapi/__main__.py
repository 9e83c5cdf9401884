"""python -m lib.openapi: write the reference; with --check, only say whether it is up to date."""

import json
import os
import sys
from pathlib import Path

from lib.openapi.document import build, text
from lib.openapi.page import render

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = "public/api/v1/openapi.json"
ROOMS = "public/api/v1/asyncapi.json"  # written by realtime_host.asyncapi, which lib can't import
PAGE = "public/docs.html"

# Route files refuse to load without these; nothing is connected to or signed here.
UNUSED = {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none", "JWT_SECRET": "unused" * 8}


def main(arguments: list[str]) -> int:
    """Write or check the files; return the exit status."""
    os.environ.update(UNUSED | os.environ)
    document = build(ROOT)
    rooms = json.loads((ROOT / ROOMS).read_text())
    files = {ROOT / DOCUMENT: text(document), ROOT / PAGE: render(document, rooms)}
    if arguments != ["--check"]:
        for file, content in files.items():
            file.write_text(content)
    elif any(file.read_text() != content for file, content in files.items()):
        print("The reference is not what the routes say any more: run `make openapi`.")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
