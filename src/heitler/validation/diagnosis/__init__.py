"""What is wrong with a candidate, in a physicist's words, most significant first."""

from heitler.validation.diagnosis.defect import Defect as Defect
from heitler.validation.diagnosis.diagnose import diagnose as diagnose
