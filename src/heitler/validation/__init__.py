"""Validation: candidates beside a reference, with the floor of every metric."""

from heitler.validation.compare import compare
from heitler.validation.comparison import Comparison, Row, SpeedRow
from heitler.validation.report import validate, write_report

__all__ = ["Comparison", "Row", "SpeedRow", "compare", "validate", "write_report"]
