"""Distances between two samples, each with its error."""
