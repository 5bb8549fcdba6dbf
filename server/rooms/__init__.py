"""Live rooms: documents in memory, their life-cycle, and the one loop that commits before anything is shown."""
