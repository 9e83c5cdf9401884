"""The edges of a REST route: `function`, `permits`, `public`, `accepts`, `query`, `reply`.

app = function(__name__)

@app.patch("/api/v1/projects/<uuid:project_id>")
@permits("project.update")
@accepts(ProjectIn)
def update(access, body): ...
"""

from lib.http.app import function
from lib.http.bodies import accepts, query
from lib.http.guard import permits, public
from lib.http.replies import created, download, no_content, page, reply

__all__ = [
    "accepts",
    "created",
    "download",
    "function",
    "no_content",
    "page",
    "permits",
    "public",
    "query",
    "reply",
]
