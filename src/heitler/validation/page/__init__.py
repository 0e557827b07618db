"""The page of a report: one HTML file that needs nothing else."""

from heitler.validation.page.page import render as render
