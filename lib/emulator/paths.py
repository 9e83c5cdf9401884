"""The path of a request as the client sent it, before anything was percent-decoded."""

from typing import Any
from urllib.parse import quote

KEPT = "/!$&'()*+,;=:@~-._"  # RFC 3986, section 3.3: what a path may hold as it is


def raw_path(environ: dict[str, Any]) -> str:
    """Return the percent-encoded path of a WSGI request, always with a leading slash.

    gunicorn gives RAW_URI; other servers only the decoded PATH_INFO, which is encoded again.
    """
    target = environ.get("RAW_URI", "")
    if not target:
        return quote(environ.get("PATH_INFO", "").encode("latin-1"), safe=KEPT) or "/"
    path = target.split("#")[0].split("?")[0]
    if not path.startswith("/"):  # absolute form: http://host/path
        path = "/" + path.partition("://")[2].partition("/")[2]
    return quote(path.encode("latin-1", "replace"), safe=KEPT + "%")
