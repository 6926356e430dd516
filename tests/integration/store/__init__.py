"""The store, through its door, on every database and blob place it promises."""
