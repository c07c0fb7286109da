"""What a robots.txt (RFC 9309) says to us. Pure, and free of scrapy: worker processes read it."""

import re
from urllib.parse import quote

from protego import Protego

AGENT = "warraq"
LIMIT_BYTES = 500 * 1024  # section 2.5; what stands behind it does not count
MOST_RULES = 5000  # of our groups, or of everyone's; the first ones count

# The product token of section 2.2.1. Protego takes `war`, a part of ours, for ours as well, and
# `Warraq/1.0` for another's.
_AGENT_LINE = re.compile(r"[ \t]*user[- ]?agent[ \t:]+([a-z_-]+|\*)?", re.IGNORECASE)
_RULE = re.compile(r"[^#]*:|[ \t]*(?:dis\w+|allow|crawl[- ]delay)[ \t]", re.IGNORECASE)
_OF_THE_SITE = re.compile(r"[ \t]*(?:site-?maps?|host)\b", re.IGNORECASE)  # and of no group
_LINE_ENDS = re.compile(r"\r\n?|\n")  # section 2.2: EOL
# Where Protego ends a line, too, and RFC 9309 does not.
_NO_LINE_ENDS = re.compile("[\v\f\x1c-\x1e\x85\N{LINE SEPARATOR}\N{PARAGRAPH SEPARATOR}]")


class Rules(Protego):
    """What may be fetched of a host; `size` is that of the text of its rules."""

    size = 0


def rules(body: bytes) -> Rules:
    """Return the rules that a robots.txt makes for `AGENT`: those of its groups, else everyone's.

    Other groups, and what is over `LIMIT_BYTES` or `MOST_RULES`, never reach the parser.
    """
    if len(body) > LIMIT_BYTES:  # half a rule would be another rule
        ends = (body.rfind(end, 0, LIMIT_BYTES) for end in (b"\n", b"\r"))
        body = body[: max(*ends, 0)]
    text = body.decode("utf-8-sig", "replace")
    groups = dict[str, list[str]]()
    agents, heads = set[str](), True  # of the group, and whether they are being named
    for line in _LINE_ENDS.split(_NO_LINE_ENDS.sub(lambda found: quote(found[0]), text)):
        if named := _AGENT_LINE.match(line):
            agents, heads = agents if heads else set(), True
            agents |= {(named[1] or "").lower()} & {AGENT, "*"}
            groups |= {agent: [] for agent in agents - groups.keys()}
        elif _RULE.match(line) and not _OF_THE_SITE.match(line):
            heads = False
            for agent in agents:
                groups[agent].append(line)
    ours = "\n".join(["User-agent: *", *groups.get(AGENT, groups.get("*", []))[:MOST_RULES]])
    found = Rules.parse(ours)
    found.size = len(ours)
    return found
