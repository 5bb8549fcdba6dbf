"""What the server counts, as Prometheus reads it. One instance per application; nothing is global."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_COMMIT_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)

_TRIP_SECONDS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 1.0, 2.0)
_LOSS = (0.0, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
_RATES = (1e4, 3e4, 1e5, 3e5, 1e6, 3e6, 1e7, 3e7)


class Metrics:
    """The counters of one running server."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.connections = Gauge("thunderline_connections", "Open sockets", ["kind"], registry=self.registry)
        self.sessions = Gauge("thunderline_sessions", "Open pages", registry=self.registry)
        self.documents = Gauge(
            "thunderline_documents", "Documents in memory by where they are in their life", ["state"],
            registry=self.registry,
        )  # fmt: skip
        self.updates_in = Counter("thunderline_updates_in", "Document updates received", registry=self.registry)
        self.frames_out = Counter("thunderline_frames_out", "Frames sent to sockets", registry=self.registry)
        self.commit_seconds = Histogram(
            "thunderline_commit_seconds", "Time one group commit took", buckets=_COMMIT_SECONDS, registry=self.registry
        )
        self.refusals = Counter(
            "thunderline_refusals", "Peers that were refused something, by code", ["code"], registry=self.registry
        )
        self.resyncs = Counter(
            "thunderline_resyncs", "Readers that fell behind and caught up from the log", registry=self.registry
        )
        self.cursor_trails_dropped = Counter(
            "thunderline_cursor_trails_dropped", "Trails of cursors that a slow storage did not take in time",
            registry=self.registry,
        )  # fmt: skip
        self.webhooks = Counter(
            "thunderline_webhooks", "Webhook deliveries by how they ended", ["outcome"], registry=self.registry
        )
        self.webhook_failures = Counter(
            "thunderline_webhook_failures", "Attempts to deliver a webhook that failed", registry=self.registry
        )
        self.webhooks_waiting = Gauge(
            "thunderline_webhooks_waiting", "Webhook deliveries that have not ended yet", registry=self.registry
        )
        self.call_round_trip = self._of_calls("round_trip_seconds", "Round trip of a page's connections", _TRIP_SECONDS)
        self.call_jitter = self._of_calls("jitter_seconds", "Jitter of what a page gets", _TRIP_SECONDS)
        self.call_loss = self._of_calls("loss_ratio", "Share of packets that did not reach a page", _LOSS)
        self.call_up = self._of_calls("up_bits_per_second", "What a page sends", _RATES)
        self.call_down = self._of_calls("down_bits_per_second", "What a page gets", _RATES)
        self.storage_ready = Gauge(
            "thunderline_storage_ready", "1 while the storage is open and takes commits", registry=self.registry
        )

    def _of_calls(self, name: str, help_: str, buckets: tuple[float, ...]) -> Histogram:
        """Of what the pages of calls say of their connections, every ten seconds."""
        return Histogram(f"thunderline_call_{name}", help_, buckets=buckets, registry=self.registry)

    def observe_documents(self, lives: Mapping[Any, int]) -> None:
        """Take over how many documents are in which state; a state that is not named has none."""
        self.documents.clear()
        for life, count in lives.items():
            self.documents.labels(str(life)).set(count)

    def text(self) -> bytes:
        """Everything in Prometheus' text format."""
        return generate_latest(self.registry)
