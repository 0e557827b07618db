"""Observables: plain functions of showers."""
