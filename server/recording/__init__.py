"""Recordings of calls as a room has them: who may start and stop one, who is told, what is kept."""
