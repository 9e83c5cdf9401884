"""/api/v1/projects/{project_id}/uploads: zips to import from, and new ones."""

from typing import Any

from lib.access.caller import Access
from lib.errors import Conflict
from lib.files import uploads
from lib.files.upload_schemas import MAX_PART, ZIP, UploadOut
from lib.http import function, permits, receives
from lib.http.creation import creates
from lib.http.lists import lists

app = function(__name__)


@app.get("/api/v1/projects/<uuid:project_id>/uploads")
@permits("upload.list")
@lists(UploadOut)
def list_uploads(access: Access, paging: dict[str, Any]) -> list[dict[str, Any]]:
    """List the uploads of a project that have not expired, newest first."""
    return uploads.of_project(access, **paging)


@app.post("/api/v1/projects/<uuid:project_id>/uploads")
@permits("upload.create")
@receives(ZIP, MAX_PART)
@creates(UploadOut, "/api/v1/projects/{project_id}/uploads/{id}", errors=(Conflict,))
def create(access: Access, content: bytes) -> dict[str, Any]:
    """Upload a zip, or its first 4 MiB, for a job of kind `project.import`; it is kept a day."""
    return uploads.create(access, content)
