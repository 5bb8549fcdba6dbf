"""Encoded packets in, the same encoded packets out: one participant's media to all others of a call."""
