"""The edges of a REST route: who may, what comes in, what goes out.

app = function(__name__)

@app.patch("/api/v1/projects/<uuid:project_id>")
@permits("project.update")
@if_match(ProjectOut)
@accepts(ProjectChanges)
@returns(ProjectOut)
def update(access, changes): ...
"""

from lib.http.answers import creates, lists, returns
from lib.http.app import function
from lib.http.bodies import accepts, query, receives
from lib.http.etags import if_match
from lib.http.guard import permits, public
from lib.http.limited import limited
from lib.http.waiting import waits

__all__ = [
    "accepts",
    "creates",
    "function",
    "if_match",
    "limited",
    "lists",
    "permits",
    "public",
    "query",
    "receives",
    "returns",
    "waits",
]
