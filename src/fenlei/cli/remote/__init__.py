"""Commands that talk to a platform over HTTP, one file per noun."""
