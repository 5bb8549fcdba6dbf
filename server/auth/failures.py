"""Failed authentications, counted by where they come from: one mechanism for sockets and for REST."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final

from server.auth.limits import Limits
from server.errors import NotAdmitted, TokenExpired, TokenInvalid

AUTHENTICATION_FAILURES: Final = (TokenInvalid, TokenExpired, NotAdmitted)
EXPIRED_WEIGHT: Final = 0.1
"""An expired token was good once, so it is no guess; and in the morning a whole office comes with expired ones."""
_NETWORK_BITS: Final = 64
"""What one household or machine is given of IPv6: it may take any address in it."""
_MAX_LENGTH: Final = 64


def count_failure(limits: Limits, address: str, error: Exception) -> None:
    """[HA6] Count a failure against the network that it comes from; what succeeds is never counted.

    Raises:
        RateLimited: There were too many. Who brings a good token from there is let in all the same.
    """
    limits.failures.take(network_of(address), EXPIRED_WEIGHT if isinstance(error, TokenExpired) else 1)


def network_of(address: str) -> str:
    """What is counted as one peer: an IPv4 address, or the /64 of an IPv6 address.

    Args:
        address: As the connection or the trusted proxy tells it; a port may follow.
    """
    parsed = _parse(address)
    if parsed is None:
        return address[:_MAX_LENGTH]
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped is None:
            return str(IPv6Network((int(parsed), _NETWORK_BITS), strict=False))
        parsed = parsed.ipv4_mapped
    return str(parsed)


def _parse(address: str) -> IPv4Address | IPv6Address | None:
    bare = address.strip()
    if bare.startswith("["):
        bare = bare[1:].partition("]")[0]
    elif bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        return ip_address(bare)
    except ValueError:
        return None
