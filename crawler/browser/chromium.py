"""The machine's own Chromium: where it is, how it is started, and what to do where it is missing.

Nothing is downloaded. The browser is started without a network of its own: no name resolves, and
every connection would have to go through a proxy that is not there. What a page asks for is
answered by crawler/browser/render.py or not at all.
"""

import os
import shutil
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path

from crawler.errors import RenderError
from crawler.publisher import Publisher, file_of

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
ARGUMENTS = (
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--proxy-server=http://nowhere.invalid:9",
    "--proxy-bypass-list=<-loopback>",
    "--webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--force-webrtc-ip-handling-policy",
    "--block-new-web-contents",
    "--js-flags=--max-old-space-size=512",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


def find_chromium() -> str | None:
    """Return the path of an installed Chromium, None where there is none."""
    return next(filter(None, map(shutil.which, _NAMES)), None)


def is_sandboxed() -> bool:
    """Return whether Chromium can be started in its sandbox: it refuses that to root."""
    return os.geteuid() != 0


def check(publishers: Iterable[Publisher], folders: Iterable[Path] = ()) -> None:
    """Check that what `render = true` needs is there, if a publisher says so.

    Raises:
        RenderError: naming the publisher's file and key, and the remedy.
    """
    one = next((one for one in publishers if one.render), None)
    if one is None:
        return
    asked = f"{file_of(one.slug, folders) or one.slug}: `render = true` needs"
    if find_spec("playwright") is None:
        raise RenderError(f"{asked} Playwright; install it with `pip install 'warraq[render]'`")
    if find_chromium() is None:
        raise RenderError(
            f"{asked} Chromium, and none of {', '.join(_NAMES)} is on the PATH;"
            " install it, on Debian with `apt-get install chromium`"
        )
