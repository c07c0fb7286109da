"""Data caps, for people on metered lines: how much more may be received."""

from dataclasses import dataclass

from archive.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """How much may be received, in bytes of payload: by one command, in a month (UTC)."""

    per_run: int | None = None
    per_month: int | None = None


NO_CAPS = Caps()


def left(store: Store, caps: Caps) -> int | None:
    """Return how many bytes the caps leave, at least 0; None where there is no cap."""
    spent = ((cap, used) for cap, used, _ in _spent(store, caps))
    return min((max(cap - used, 0) for cap, used in spent), default=None)


def notes(store: Store, caps: Caps) -> list[str]:
    """Return a sentence for each cap that is reached."""
    return [
        f"{used / 1e6:.1f} MB were received {when}, and `{key}` is {cap / 1e6:g}: nothing more is"
        " fetched; what is due waits."
        for cap, used, (key, when) in _spent(store, caps)
        if used >= cap
    ]


def _spent(store: Store, caps: Caps) -> list[tuple[int, int, tuple[str, str]]]:
    """Return (cap, what was used of it, how it is told) of each cap there is."""
    spent = []
    if caps.per_run is not None:
        told = ("max_mb_per_run", "by this command")
        spent.append((caps.per_run, store.totals["bytes"], told))
    if caps.per_month is not None:
        month = store.clock().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        told = ("max_mb_per_month", f"in {month:%B}")
        spent.append((caps.per_month, store.received(since=month), told))
    return spent
