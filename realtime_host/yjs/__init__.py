"""The Yjs dialect: unmodified providers (y-websocket) open a file and edit it with everybody else.

Nothing of a document is kept here: what an editor says is merged into the file in Postgres, and
what is stored is told to the others. So a host that dies takes nothing with it.
"""
