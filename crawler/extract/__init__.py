"""Extraction: the bytes of an article page become a record of its text and its fields.

`page` is the line of stages, and what others call.
"""
