"""Compound hits: the fast, faithful model; `model` says what it is made of."""

from heitler.models.compound_hits.model import CompoundHits as CompoundHits
