"""The protocol of the rooms as an AsyncAPI 3 document, made of what the events themselves declare.

`python -m realtime_host.asyncapi` writes it to public/, beside the REST half's.
"""
