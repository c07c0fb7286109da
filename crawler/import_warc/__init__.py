"""Pages that another program recorded, into the archive: what of a WARC file is kept, and how."""
