"""Node types, one to a file. A new file here is a new node on the canvas; nothing else needs to know of it."""
