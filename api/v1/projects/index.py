"""/api/v1/projects: every project that the caller can reach, in all workspaces."""

from typing import Any

from lib.access.lookups import Asking
from lib.http import function, permits
from lib.http.lists import lists
from lib.projects import projects
from lib.projects.list_schemas import ReachedProjectOut, ReachedProjectsQuery

app = function(__name__)


@app.get("/api/v1/projects")
@permits("project.list-all", with_rows=True)
@lists(ReachedProjectOut, ReachedProjectsQuery)
def list_projects(asking: Asking, wanted: dict[str, Any]) -> list[dict[str, Any]]:
    """List the projects that the caller can reach as a member or a guest; `q` searches them."""
    return projects.reached(asking, **wanted)
