"""Which hosts are of one site."""


def site_of(host: str) -> str:
    """Return the part of a host name that the pages of one newspaper share.

    The last two labels, or three where the last two are short as in `com.eg`; an address as it is.
    """
    parts = host.split(".")
    if parts[-1].isdigit():
        return host
    short = len(parts) > 2 and len(parts[-1]) == 2 and len(parts[-2]) <= 3
    return ".".join(parts[-3:] if short else parts[-2:])
