"""Invertible transforms between showers and what a model sees."""
