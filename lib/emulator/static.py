"""The files of public/, as the platform's content network serves them."""

import json
import mimetypes
import re
from pathlib import Path
from urllib.parse import unquote

from werkzeug.wrappers import Request, Response

CACHE = "public, max-age=0, must-revalidate"
TYPES = {  # what mimetypes leaves to the machine's own tables
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".json": "application/json",
    ".map": "application/json",
    ".md": "text/markdown",
    ".txt": "text/plain",
    ".svg": "image/svg+xml",
    ".ico": "image/x-icon",
    ".png": "image/png",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
    ".yaml": "application/yaml",
}


class StaticFiles:
    """The files of a project's public/, by URL path, with the headers of its vercel.json."""

    def __init__(self, root: Path) -> None:
        self._folder = (root / "public").resolve()
        self._headers = _headers(root / "vercel.json")

    def find(self, path: str) -> Path | None:
        """Return the file for an undecoded path: itself, `path`.html, or `path`/index.html.

        Nothing outside the folder is ever found, by dots, by encoding or by a link.
        """
        relative = unquote(path).strip("/")
        if "\0" in relative or "\\" in relative or ".." in relative.split("/"):
            return None
        here = self._folder / relative
        page = [here.with_name(here.name + ".html")] if relative else []
        for candidate in (here, *page, here / "index.html"):
            if candidate.is_file() and candidate.resolve().is_relative_to(self._folder):
                return candidate
        return None

    def respond(self, file: Path, request: Request) -> Response:
        """Return the answer to GET or HEAD, 304 when the client has this version; else 405."""
        headers = self.headers(request.path)
        if request.method not in ("GET", "HEAD"):
            return Response(status=405, headers=headers | {"Allow": "GET, HEAD"})
        status = file.stat()
        response = Response(file.read_bytes(), headers=headers, content_type=content_type(file))
        response.headers["Cache-Control"] = CACHE
        response.set_etag(f"{status.st_mtime_ns:x}-{status.st_size:x}")
        return response.make_conditional(request)

    def headers(self, path: str) -> dict[str, str]:
        """Return what `headers` of vercel.json adds to an answer at `path`."""
        found: dict[str, str] = {}
        for source, added in self._headers:
            if source.fullmatch(path):
                found |= added
        return found


def content_type(file: Path) -> str:
    """Return the media type by the file's name, with UTF-8 for text."""
    name = TYPES.get(file.suffix.lower()) or mimetypes.guess_type(file.name)[0]
    name = name or "application/octet-stream"
    texts = ("application/json", "application/yaml", "image/svg+xml")
    return f"{name}; charset=utf-8" if name.startswith("text/") or name in texts else name


def _headers(file: Path) -> list[tuple[re.Pattern[str], dict[str, str]]]:
    """Return the entries of `headers`: their sources, which here are plain expressions."""
    entries = json.loads(file.read_text()).get("headers", []) if file.exists() else []
    return [
        (re.compile(entry["source"]), {each["key"]: each["value"] for each in entry["headers"]})
        for entry in entries
    ]
