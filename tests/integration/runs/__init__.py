"""Runs: the queue on every database, and real processes that are killed."""
