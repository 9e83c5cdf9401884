"""The events that the host sends: what each says, and the schemas that its data keeps to."""

from __future__ import annotations

from typing import Literal, NamedTuple

from marshmallow import Schema

from lib.bridge import rooms
from lib.files.schemas import FileChangeOut, FileListedOut
from lib.jobs.room_schemas import JobLogOut, JobUpdatedOut
from lib.projects.room_schemas import (
    MemberUpdatedOut,
    PresentOut,
    ProjectChangedOut,
    ProjectTrashedOut,
)
from lib.workspaces.schemas import ProjectArchivedOut
from realtime_host.schemas import (
    CursorUpdateOut,
    ReconnectOut,
    ResyncRequiredOut,
    UserLeftOut,
    WelcomeOut,
)


class Sent(NamedTuple):
    """One event; its data is of one of `schemas`, and it may have a number in the room's log.

    Every event has an id and a time, but for what is `fleeting`: there are too many of those.
    """

    name: str
    summary: str
    schemas: tuple[type[Schema], ...]
    numbered: Literal["never", "sometimes", "always"] = "never"
    fleeting: bool = False


SENT = (
    Sent("welcome", "The first frame: who I am, my role, who is here, the limits.", (WelcomeOut,)),
    Sent(
        "resync-required",
        "What was missed is not to be had any more: read the state over REST.",
        (ResyncRequiredOut,),
    ),
    Sent("user-joined", "Somebody's first tab opened.", (PresentOut,)),
    Sent("user-left", "Somebody's last tab closed, or is lost.", (UserLeftOut,)),
    Sent(
        "cursor-update",
        "Where somebody's selection is; the latest wins.",
        (CursorUpdateOut,),
        fleeting=True,
    ),
    Sent(
        rooms.FILE_CHANGE,
        "An edit, stored; its author's own connection gets the `ack` instead, if it asked for one.",
        (FileChangeOut,),
        "always",
    ),
    Sent(
        rooms.JOB_UPDATED,
        "A job has changed its state, or (without a number) made progress.",
        (JobUpdatedOut,),
        "sometimes",
    ),
    Sent(
        rooms.JOB_LOG,
        "A job has said something; who is slow misses some of it, and reads it over REST.",
        (JobLogOut,),
    ),
    Sent(
        rooms.PROJECT_UPDATED,
        "The project was changed, deleted, restored or archived, or a file came or went.",
        (ProjectChangedOut, ProjectTrashedOut, ProjectArchivedOut, FileListedOut),
        "always",
    ),
    Sent(
        rooms.MEMBER_UPDATED,
        "Somebody's role here was given, changed or taken; without a number (it is not in the log) "
        "it is my own from now on.",
        (MemberUpdatedOut,),
        "sometimes",
    ),
    Sent("reconnect", "The host is going down: come back after a while.", (ReconnectOut,)),
)
