"""/api/v1/projects/{project_id}/files: the files of a project, and new ones."""

from typing import Any

from flask import Response

from lib.access.caller import Access
from lib.files import files
from lib.files.schemas import ContentOut, FileIn, FileOut
from lib.http import accepts, created, function, page, permits, query
from lib.http.replies import PageQuery

app = function(__name__)


@app.get("/api/v1/projects/<uuid:project_id>/files")
@permits("file.list")
@query(PageQuery)
def list_files(access: Access, paging: dict[str, Any]) -> Response:
    return page(FileOut, files.of_project(access.conn, access.id, **paging), paging["limit"])


@app.post("/api/v1/projects/<uuid:project_id>/files")
@permits("file.create")
@accepts(FileIn)
def create(access: Access, body: dict[str, Any]) -> Response:
    file = files.create(access, **body)
    return created(ContentOut, file, f"/api/v1/files/{file['id']}")
