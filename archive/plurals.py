"""Counted nouns for people: `1 record`, `2,345 records`."""


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """Return a number with its noun, which takes an `s` unless another `plural` is given."""
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"
