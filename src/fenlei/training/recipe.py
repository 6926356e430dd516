"""In which way pictures are learned: by its name an older search is continued, and what it left behind found again.

A module of its own, so that who only asks for the name does not load the whole room.
"""

from __future__ import annotations

TUNED = "tuned/5"
"""Changes when equal settings give another fine-tuned network."""

RECIPE = f"search/6 {TUNED}"
"""Changes when candidates of the same name are learned in another way, so that an older search is not continued."""
