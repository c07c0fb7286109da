"""Text as sites misread it."""

MISREADINGS = (
    "cp1256", "cp1252", "latin-1", "cp1256 cp1256", "cp1256 cp1252", "cp1252 cp1252",
    "cp1252 cp1256", "latin-1 cp1252", "windows", "windows cp1252",
)  # fmt: skip


def misread(text, how):
    """Return UTF-8 read in a charset, each named in turn; `windows` is 1256 read as 1252."""
    for charset in how.split():
        if charset == "windows":
            text = browser(text.encode("cp1256", "ignore"), "cp1252")
        else:
            text = browser(text.encode(), charset)
    return text


def browser(data, charset):
    """Decode as browsers do: a byte without a character is a control character."""
    return "".join(bytes([byte]).decode(charset, "ignore") or chr(byte) for byte in data)
