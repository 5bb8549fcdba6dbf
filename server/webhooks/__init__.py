"""Another program is told, over HTTP, of what happens in rooms."""
