"""Which way the media of a call goes, and what the media process is told of who is in it."""
