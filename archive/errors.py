"""What can go wrong with an archive.

ArchiveError
├── NotAnArchive      the folder holds no archive that can be used
│   ├── DamagedDatabase   its database is damaged or lost; its WARC files may be whole
│   └── OlderArchive      an older Warraq wrote it, and what was asked changes nothing
├── NewerArchive      a newer Warraq wrote it
├── ArchiveLocked     another process is writing
├── StaleIndex        the search index was made by something else than this Warraq
└── DamagedWarc       a WARC file does not read as one
"""


class ArchiveError(Exception):
    """The archive cannot do what was asked; the message says where and what to do."""


class NotAnArchive(ArchiveError):  # noqa: N818 - reads as what it is
    """The folder holds no archive.db, or one that cannot be used; the message says why."""


class DamagedDatabase(NotAnArchive):
    """The archive's database does not read, or is lost while its WARC files are there."""


class OlderArchive(NotAnArchive):
    """The database was written by an older version; the next command that writes updates it."""


class NewerArchive(ArchiveError):  # noqa: N818
    """The database was written by a newer version of Warraq."""


class ArchiveLocked(ArchiveError):  # noqa: N818
    """Another process holds the archive's writing lock; `holder` and the message say which."""

    def __init__(self, holder: str) -> None:
        super().__init__(f"{holder}; wait for it to end, or stop it, and try again")
        self.holder = holder


class StaleIndex(ArchiveError):  # noqa: N818
    """The search index holds other words than this version looks for; a writer makes it anew."""


class DamagedWarc(ArchiveError):  # noqa: N818
    """A WARC file ends or breaks in the middle of a record that was acknowledged."""
