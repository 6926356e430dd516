"""The name of a data set: the same pictures under the same labels in the same parts have the same digest."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable


def dataset_digest(pictures: Iterable[tuple[str, str, str]]) -> str:
    """SHA-256, hex, over (label, SHA-256 of the file in hex, part), sorted: file names and order do not matter."""
    total = hashlib.sha256()
    for label, digest, part in sorted(pictures):
        # Lengths first, so that no two lists of words run together to the same bytes.
        for word in (label, digest, part):
            raw = word.encode("utf-8", "surrogatepass")
            total.update(len(raw).to_bytes(4, "little") + raw)
    return total.hexdigest()
