"""The crawler: turns the live web into the archive's records."""
