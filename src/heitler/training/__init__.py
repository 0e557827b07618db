"""One trainer for all families."""
