"""Comparing showers with a reference, and the report."""
