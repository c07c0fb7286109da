"""What a robots.txt (RFC 9309) says to us. Pure, and free of scrapy: worker processes read it."""

import re
from urllib.parse import quote

from protego import Protego

AGENT = "warraq"
LIMIT_BYTES = 500 * 1024  # section 2.5; what stands behind it does not count
MOST_RULES = 5000  # of our groups, or of everyone's; the first ones are read

# Keys by how they begin, the product token (section 2.2.1) and blanks: as Google's parser has them.
_AGENT_KEYS = ("user-agent", "useragent", "user agent")
_RULE_KEYS = {
    "allow": ("allow",),
    "disallow": ("disallow", "dissallow", "dissalow", "disalow", "diasllow", "disallaw"),
    "crawl-delay": ("crawl-delay", "crawl delay"),
}
_TOKEN = re.compile(r"\*(?=%20|%09|$)|[a-z_-]*", re.IGNORECASE)
_BLANKS = " \t\v\f"
_LINE_ENDS = re.compile(r"\r\n?|\n")  # section 2.2: EOL
_ABSOLUTE = ("http://", "https://")  # a rule that begins so names no path, and matches none
_ASCII = "".join(map(chr, range(0x21, 0x7F)))


class Rules(Protego):
    """What may be fetched of a host; `size` is that of the text of its rules.

    `incomplete` says that more is forbidden: prohibitions stood behind the first `MOST_RULES`.
    """

    size = 0
    incomplete = False


def rules(body: bytes) -> Rules:
    """Return the rules that a robots.txt makes for `AGENT`: those of its groups, else everyone's.

    Other groups, and what is over `LIMIT_BYTES` or `MOST_RULES`, never reach the parser. Only rules
    end the naming of a group's agents (section 2.2.4): other lines stand anywhere. A Crawl-delay,
    which the standard does not have, is that of the agents right above it.
    """
    if len(body) > LIMIT_BYTES:  # half a rule would be another rule
        ends = (body.rfind(end, 0, LIMIT_BYTES) for end in (b"\n", b"\r"))
        body = body[: max(*ends, 0)]
    groups = dict[str, list[str]]()
    agents, heads = set[str](), True  # of the group, and whether they are being named
    slowed, fresh = set[str](), True  # the same, of the next Crawl-delay
    text = body.decode("utf-8-sig", "surrogateescape")
    for line in filter(None, _LINE_ENDS.split(text)):
        key, value = _read(line)
        if key.startswith(_AGENT_KEYS):
            token = _TOKEN.match(value)
            named = {token[0].lower() if token else ""} & {AGENT, "*"}
            agents, heads = named | (agents if heads else set()), True
            slowed, fresh = named | (slowed if fresh else set()), True
            groups |= {agent: [] for agent in named - groups.keys()}
            continue
        for kind, beginnings in _RULE_KEYS.items():
            if key.startswith(beginnings):
                heads, fresh = heads and kind == "crawl-delay", False
                meant = slowed if kind == "crawl-delay" else agents
                for agent in meant if not value.startswith(_ABSOLUTE) else ():
                    groups[agent].append(f"{kind}: {value}")
    lines = groups.get(AGENT, groups.get("*", []))
    read, unread = lines[:MOST_RULES], lines[MOST_RULES:]
    ours = "\n".join(["User-agent: *", *read])
    found = Rules.parse(ours)
    found.size = len(ours)
    found.incomplete = any(re.match("disallow: .", each) for each in set(unread) - set(read))
    return found


def _read(line: str) -> tuple[str, str]:
    """Return the key and the value of a line, the value in printable ASCII; empty if it has none.

    A null or `#` ends it; one blank may be its colon.
    """
    line = line.partition("\0")[0].partition("#")[0].strip(_BLANKS)
    key, colon, value = line.partition(":")
    if not colon:
        words = re.split(r"[ \t]+", line)
        key, value = words if len(words) == 2 else ("", "")
    value = quote(value.strip(_BLANKS), safe=_ASCII, errors="surrogateescape")
    return key.strip(_BLANKS).lower(), value
