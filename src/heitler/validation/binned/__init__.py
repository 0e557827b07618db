"""Comparison of histograms: where counts in bins are all that there is of the samples."""

from heitler.validation.binned.comparison import BinnedComparison as BinnedComparison
from heitler.validation.binned.comparison import BinnedRow as BinnedRow
from heitler.validation.binned.comparison import compare_histograms as compare_histograms
from heitler.validation.binned.report import table as table
from heitler.validation.binned.report import validate_histograms as validate_histograms
