"""The reference page: it lists every method of every route, with whom the table lets through."""

import re
from pathlib import Path

from lib.access.permissions import PERMISSIONS

PAGE = Path(__file__).resolve().parents[2] / "public" / "docs.html"
ROW = re.compile(r"<tr><td>([A-Z]+)<td><code>(/api/v1/[^<]*)</code><td>(\w+)<td>(\S.*)")


def test_the_reference_lists_exactly_the_routes_there_are(route_methods):
    listed = {(method, path): who for method, path, who, _ in ROW.findall(PAGE.read_text())}
    served = {
        (route.method, re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", route.path)): (
            PERMISSIONS[route.permission].least.name.lower()
        )
        for route in route_methods
    }
    assert listed == served
