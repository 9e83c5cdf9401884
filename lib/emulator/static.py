"""The files of public/, as the platform's content network serves them."""

import mimetypes
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
    """The files below one folder, by URL path."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()

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
        if request.method not in ("GET", "HEAD"):
            return Response(status=405, headers={"Allow": "GET, HEAD"})
        status = file.stat()
        response = Response(file.read_bytes(), content_type=content_type(file))
        response.headers["Cache-Control"] = CACHE
        response.set_etag(f"{status.st_mtime_ns:x}-{status.st_size:x}")
        return response.make_conditional(request)


def content_type(file: Path) -> str:
    """Return the media type by the file's name, with UTF-8 for text."""
    name = TYPES.get(file.suffix.lower()) or mimetypes.guess_type(file.name)[0]
    name = name or "application/octet-stream"
    texts = ("application/json", "application/yaml", "image/svg+xml")
    return f"{name}; charset=utf-8" if name.startswith("text/") or name in texts else name
