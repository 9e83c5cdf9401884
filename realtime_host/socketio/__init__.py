"""The Socket.IO dialect: its clients are in the same rooms, told the same, held to the same.

It is a translation at the edge. What arrives as packets is read into the events of everybody else;
what the hub writes as our frames leaves as packets. Nothing in between knows of it.
"""
