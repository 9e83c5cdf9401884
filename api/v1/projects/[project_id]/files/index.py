"""/api/v1/projects/{project_id}/files: the files of a project, and new ones."""

from typing import Any

from lib.access.caller import Access
from lib.errors import Conflict
from lib.files import files
from lib.files.schemas import ContentOut, FileIn, FileOut
from lib.http import accepts, function, permits
from lib.http.creation import creates
from lib.http.lists import lists

app = function(__name__)


@app.get("/api/v1/projects/<uuid:project_id>/files")
@permits("file.list")
@lists(FileOut)
def list_files(access: Access, paging: dict[str, Any]) -> list[dict[str, Any]]:
    """List the files of a project, oldest first, without their content."""
    return files.of_project(access.conn, access.id, **paging)


@app.post("/api/v1/projects/<uuid:project_id>/files")
@permits("file.create")
@accepts(FileIn)
@creates(ContentOut, "/api/v1/files/{id}", errors=(Conflict,))
def create(access: Access, body: dict[str, Any]) -> dict[str, Any]:
    """Create a file at a path that is free."""
    return files.create(access, **body)
