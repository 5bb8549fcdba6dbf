"""What every WebSocket endpoint does around its conversation: accept, serve, close with the code of what ended it.

ASGI applications beside Quart's: Quart keeps a queue without bound between a socket and its handler (P8).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from urllib.parse import parse_qs

from server.auth.failures import AUTHENTICATION_FAILURES, count_failure
from server.errors import for_client
from server.origins import check_origin, own_origin
from server.services import Services
from server.transport import Disconnected, Receive, Scope, Send, WebSocket


class SocketEndpoint(ABC):
    """Serves every WebSocket below one prefix."""

    def __init__(self, services: Callable[[], Services]) -> None:
        """
        Args:
            services: Gives the running parts; called once per socket.
        """
        self._services = services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Accept the socket first: a close code can be given only to an open one.

        [HA1] Before anything else it is found out which page asks: a browser lets any page open a socket to anywhere.
        """
        socket = WebSocket(scope, receive, send)
        services = self._services()
        try:
            await socket.accept()
            check_origin(socket.header("origin"), _own_origin(socket), services.config.origins)
            await self._serve(socket, services)
        except Disconnected:
            return
        except Exception as exc:
            error = for_client(exc)
            services.metrics.refusals.labels(error.code).inc()
            await socket.close(error.close, error.code)

    async def _serve(self, socket: WebSocket, services: Services) -> None:
        """[HA6] What ends a socket that was never spoken to is a failed authentication; later ends are none."""
        try:
            await self.serve(socket, services, Query(socket.scope))
        except AUTHENTICATION_FAILURES as exc:
            if not socket.spoken_to:
                count_failure(services.limits, socket.address, exc)
            raise

    @abstractmethod
    async def serve(self, socket: WebSocket, services: Services, query: Query) -> None:
        """Talk until one side ends it.

        Raises:
            Disconnected: The peer is gone.
            Exception: The socket is closed with this error's code.
        """


class Query:
    """The query of a socket's address."""

    def __init__(self, scope: Scope) -> None:
        self._values = parse_qs(scope["query_string"].decode("ascii", "replace"))

    def get(self, name: str) -> str | None:
        """The first value of a parameter."""
        values = self._values.get(name)
        return values[0] if values else None


def _own_origin(socket: WebSocket) -> str:
    return own_origin(socket.scope["scheme"], next(iter(socket.header("host")), ""))
