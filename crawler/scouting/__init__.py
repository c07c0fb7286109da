"""Looks at sites without a crawl: `warraq publishers add` and `check`."""
