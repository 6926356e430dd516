"""How well and how fast folders are learned."""
