"""What a host's robots.txt allows (RFC 9309): from its answer to a policy. Pure."""

import re
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import quote

from protego import Protego

AGENT = "warraq"
LIMIT_BYTES = 500 * 1024  # section 2.5; what stands behind it does not count
LONGEST_DELAY = 300.0
FRESH = timedelta(days=1)  # for so long an answer is used (section 2.4)

# The product token of section 2.2.1. Protego takes `war`, a part of ours, for ours as well, and
# `Warraq/1.0` for another's.
_AGENT_LINE = re.compile(r"\s*user[- ]?agent[\s:]+(?P<token>[a-z_-]+|\*)?.*", re.IGNORECASE)
_LINE_ENDS = re.compile(r"\r\n?|\n")  # section 2.2: EOL
# Where Protego ends a line, too, and RFC 9309 does not.
_NO_LINE_ENDS = re.compile("[\v\f\x1c-\x1e\x85\N{LINE SEPARATOR}\N{PARAGRAPH SEPARATOR}]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What a host allows: `rules` None allows everything; `problem` forbids everything for now.

    `agent` is whose rules are ours. `refused` says why the host is none to ask at all.
    """

    rules: Protego | None = None
    agent: str = AGENT
    problem: str | None = None
    refused: str | None = None

    def allows(self, url: str) -> bool:
        """Return whether an address may be fetched."""
        return self.rules is None or self.rules.can_fetch(url, self.agent)

    @property
    def asked_delay(self) -> float:
        """The Crawl-delay in seconds, as it was written; 0 where there is none that makes sense."""
        return (self.rules and self.rules.crawl_delay(self.agent)) or 0.0


def judge(url: str, status: int, body: bytes) -> Policy:
    """Return the policy that the answer to a robots.txt at `url` makes.

    4xx allows everything (section 2.3.1.3), 429 and 5xx nothing (section 2.3.1.4).
    """
    if status >= 500 or status == 429:
        return Policy(problem=f"{url} answered {status}")
    if status >= 400:
        return Policy()
    if len(body) > LIMIT_BYTES:  # half a rule would be another rule
        ends = (body.rfind(end, 0, LIMIT_BYTES) for end in (b"\n", b"\r"))
        body = body[: max(*ends, 0)]
    lines = _LINE_ENDS.split(body.decode("utf-8-sig", "replace"))
    tokens, plain = set(), []
    for line in lines:
        if agent := _AGENT_LINE.fullmatch(line):
            token = (agent["token"] or "").lower()
            tokens.add(token)
            plain.append(f"User-agent: {token}")
        else:
            plain.append(_NO_LINE_ENDS.sub(lambda found: quote(found[0]), line))
    return Policy(rules=Protego.parse("\n".join(plain)), agent=AGENT if AGENT in tokens else "*")
