"""WARC files of other programs, in any dialect and however damaged, read record by record."""
