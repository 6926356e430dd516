"""Steps that bring an older database up to this Fenlei. Forwards only."""
