"""The ICE servers of a call: what is configured, with credentials that one person may use for a while.

The credentials are those of coturn's `use-auth-secret` (draft-uberti-behave-turn-rest-00): the user name tells when
they run out, the password is the HMAC-SHA1 of the user name under the secret that both servers know.
"""

from __future__ import annotations

import base64
import hmac
from pathlib import Path
from typing import Final

from crdt_docs.ids import SessionId, UserId
from persistence.interfaces import Micros
from server.clock import Clock
from server.config import Config
from server.key_files import SecretUnusable
from server.signaling.messages import IceServer, IceState

SECOND: Final = 1_000_000


class IceServers:
    """Hands out the ICE servers of the installation."""

    def __init__(self, config: Config, clock: Clock) -> None:
        """
        Raises:
            SecretUnusable: The file of the TURN secret cannot be read, or is empty.
        """
        self._config = config
        self._clock = clock
        self._secret = _load(config.turn_secret_file) if config.turn_secret_file is not None else b""

    def grant(self, user: UserId, session: SessionId) -> IceState:
        """[CA8] The servers for one page; `expires_at` is 0 where nothing runs out."""
        config = self._config
        servers = [IceServer(config.stun)] if config.stun else []
        if not config.turn:
            return IceState(servers, config.relay_only)
        expires = self._clock.now_us() // SECOND + config.turn_ttl
        username = f"{expires}:{session}-{user}"
        servers.append(IceServer(config.turn, username, credential(self._secret, username)))
        return IceState(servers, config.relay_only, Micros(expires * SECOND))


def credential(secret: bytes, username: str) -> str:
    """The password that belongs to a user name."""
    return base64.b64encode(hmac.digest(secret, username.encode(), "sha1")).decode()


def _load(path: Path) -> bytes:
    try:
        secret = path.read_text(encoding="utf-8").partition("\n")[0].strip()
    except (OSError, UnicodeDecodeError) as exc:
        raise SecretUnusable(f"The TURN secret {path} cannot be read: {exc}.") from exc
    if not secret:
        raise SecretUnusable(f"The first line of {path} does not hold the TURN secret.")
    return secret.encode()
