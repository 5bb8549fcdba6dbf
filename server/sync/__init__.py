"""The /sync socket: one channel per socket, its outbox, and the endpoint that admits it."""
