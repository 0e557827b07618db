"""Community file conventions: one module each."""
