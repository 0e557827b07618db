"""Validation: candidates beside a reference, with the floor of every metric."""

from heitler.validation.assessment import BATCHES as BATCHES
from heitler.validation.assessment import assess as assess
from heitler.validation.compare import compare as compare
from heitler.validation.comparison import Comparison as Comparison
from heitler.validation.comparison import Row as Row
from heitler.validation.comparison import SpeedRow as SpeedRow
from heitler.validation.contest import compare_models as compare_models
from heitler.validation.contest import contest_table as contest_table
from heitler.validation.digest import digest as digest
from heitler.validation.digest import speed_table as speed_table
from heitler.validation.report import validate as validate
from heitler.validation.report import write_report as write_report
from heitler.validation.selection import LEAST_SHOWERS as LEAST_SHOWERS
from heitler.validation.tables import assess_table as assess_table
from heitler.validation.tables import table_digest as table_digest
