"""What is kept: update logs, snapshots, rooms, members, sessions, events, assets. No sockets, no live rooms."""
