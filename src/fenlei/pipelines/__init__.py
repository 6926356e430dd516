"""Graphs of nodes: what a canvas draws, as data; checked before anything runs, and carried out with a memory of what
was done before."""
