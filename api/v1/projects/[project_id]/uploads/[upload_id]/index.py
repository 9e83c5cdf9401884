"""/api/v1/projects/{project_id}/uploads/{upload_id}: read, extend and delete one upload."""

from typing import Any
from uuid import UUID

from lib.access.caller import Access
from lib.errors import NotFound, TooLarge
from lib.files import uploads
from lib.files.upload_schemas import MAX_PART, ZIP, PartQuery, UploadOut
from lib.http import function, permits, query, receives, returns

app = function(__name__)


@app.get("/api/v1/projects/<uuid:project_id>/uploads/<uuid:upload_id>")
@permits("upload.read")
@returns(UploadOut, errors=(NotFound,))
def read(access: Access, upload_id: UUID) -> dict[str, Any]:
    """Read which parts of an upload are there."""
    return uploads.read(access, upload_id)


@app.put("/api/v1/projects/<uuid:project_id>/uploads/<uuid:upload_id>")
@permits("upload.extend")
@query(PartQuery)
@receives(ZIP, MAX_PART)
@returns(UploadOut, errors=(NotFound, TooLarge))
def put_part(
    access: Access, wanted: dict[str, Any], content: bytes, upload_id: UUID
) -> dict[str, Any]:
    """Add a part to an upload, 4 MiB at most, or replace it; sent again, it changes nothing."""
    return uploads.put_part(access, content, upload_id, **wanted)


@app.delete("/api/v1/projects/<uuid:project_id>/uploads/<uuid:upload_id>")
@permits("upload.delete")
@returns(errors=(NotFound,))
def delete(access: Access, upload_id: UUID) -> None:
    """Delete an upload."""
    uploads.delete(access, upload_id)
