"""The numbers of the source document, and the ones that follow from them."""

from __future__ import annotations

MIN_SIDE = 30
"""Pixels, inclusive, both sides."""

MAX_SIDE = 4096
"""Pixels, inclusive, both sides."""

MAX_RATIO = 3
"""Longer side over shorter side, inclusive."""

MAX_FILE_BYTES = 4 * 1024 * 1024
"""Bytes of the decoded picture file, inclusive."""

_BASE64_CHARS = -(-MAX_FILE_BYTES // 3) * 4
_LINE_BREAKS = _BASE64_CHARS // 64 * 4  # PEM-width lines, each break written `\r\n` inside the JSON text
_ESCAPES = _BASE64_CHARS // 64 * (5 + 1)  # encoders that write `+` as `\u002b` and `/` as \/
_OTHER_FIELDS = 64 * 1024

MAX_BODY_BYTES = _BASE64_CHARS + _LINE_BREAKS + _ESCAPES + _OTHER_FIELDS
"""What a request may need to carry MAX_FILE_BYTES: base64 with line breaks, JSON escapes, and unknown fields."""

NAME_PATTERN = r"[a-z0-9_-]{1,64}"
"""What a deployment may be called: the last segment of its URL."""
