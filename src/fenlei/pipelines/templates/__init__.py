"""Graphs to begin with, one to a file: pictures are filled in, everything else stands."""
