"""`python -m server.media`: the media process. The server starts it; nobody else has to.

With `--relay` streams are decoded and encoded by stock aiortc, to compare.
"""

from __future__ import annotations

import logging
import sys

import uvloop

from server.media.forwarder.process import run


def main() -> None:
    """Serve calls until standard input closes."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="media: %(levelname)s %(name)s: %(message)s")
    for name in ("aioice.ice", "aiortc"):
        logging.getLogger(name).setLevel(logging.WARNING)
    uvloop.run(run(relay="--relay" in sys.argv[1:]))


if __name__ == "__main__":
    main()
