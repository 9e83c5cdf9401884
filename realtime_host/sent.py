"""The events that the host sends: what each says, and the schemas that its data keeps to."""

from __future__ import annotations

from typing import NamedTuple

from marshmallow import Schema

from lib.bridge import rooms
from lib.files.schemas import FileChangeOut, FileListedOut
from lib.jobs.schemas import JobUpdatedOut
from lib.projects.schemas import (
    MemberUpdatedOut,
    PresentOut,
    ProjectChangedOut,
    ProjectTrashedOut,
)
from lib.workspaces.schemas import ProjectArchivedOut
from realtime_host.schemas import CursorUpdateOut, ReconnectOut, UserLeftOut, WelcomeOut


class Sent(NamedTuple):
    """One event; its data is of one of `schemas`."""

    name: str
    summary: str
    schemas: tuple[type[Schema], ...]


SENT = (
    Sent("welcome", "The first frame: who I am, my role, who is here, the limits.", (WelcomeOut,)),
    Sent("user-joined", "Somebody's first tab opened.", (PresentOut,)),
    Sent("user-left", "Somebody's last tab closed, or is lost.", (UserLeftOut,)),
    Sent("cursor-update", "Where somebody's selection is; the latest wins.", (CursorUpdateOut,)),
    Sent(
        rooms.FILE_CHANGE,
        "Somebody else's edit, stored; its author's own connection gets the `ack` instead.",
        (FileChangeOut,),
    ),
    Sent(rooms.JOB_UPDATED, "A job has changed its state or made progress.", (JobUpdatedOut,)),
    Sent(
        rooms.PROJECT_UPDATED,
        "The project was changed, deleted, restored or archived, or a file came or went.",
        (ProjectChangedOut, ProjectTrashedOut, ProjectArchivedOut, FileListedOut),
    ),
    Sent(rooms.MEMBER_UPDATED, "Somebody's role was given, changed or taken.", (MemberUpdatedOut,)),
    Sent("reconnect", "The host is going down: come back after a while.", (ReconnectOut,)),
)
