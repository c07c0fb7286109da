"""Looking after an archive: verify, back up, publish, withhold, export, import, count."""
