"""The edges of a REST route: who may, what comes in, what goes out.

app = function(__name__)

@app.patch("/api/v1/projects/<uuid:project_id>")
@permits("project.update")
@if_match(ProjectOut)
@accepts(ProjectChanges)
@returns(ProjectOut)
def update(access, changes): ...

What only some routes need, they import from where it is: `creates` from lib.http.creation, `lists`
from lib.http.lists, `waits` from lib.http.waiting. Every cold start pays for each of them.
"""

from lib.http.answers import returns
from lib.http.app import function
from lib.http.bodies import accepts, query, receives
from lib.http.etags import if_match
from lib.http.guard import permits, public
from lib.http.limited import limited

__all__ = [
    "accepts",
    "function",
    "if_match",
    "limited",
    "permits",
    "public",
    "query",
    "receives",
    "returns",
]
