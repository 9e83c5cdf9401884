"""The reference: an OpenAPI 3.1 document made of what the routes themselves declare.

`python -m lib.openapi` writes it to public/, from where it is served without a function.
"""
