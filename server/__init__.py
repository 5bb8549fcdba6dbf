"""The running system: rooms, sync, presence, signaling, routes."""
