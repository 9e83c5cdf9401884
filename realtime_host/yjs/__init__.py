"""The Yjs dialect: unmodified providers (y-websocket) open a file and edit it with everybody else.

What an editor says is merged into the file in Postgres, and what is stored is told to the others.
Documents are kept in memory only to spare the opening, and are compared with Postgres at each use:
a host that dies takes nothing with it.
"""
