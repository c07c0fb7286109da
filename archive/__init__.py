"""The keeper: records, revisions, search and the reading room. Knows nothing of the crawler."""
