"""Looking after an archive for years: verify, withhold, publish, back up, export, import, count."""
