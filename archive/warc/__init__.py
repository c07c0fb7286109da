"""WARC files: written record by record, read back at any place, and read on behind damage."""
