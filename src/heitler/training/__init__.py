"""One trainer for all families."""

from importlib.util import find_spec

if find_spec("lightning") is None:
    msg = "training needs lightning: pip install 'heitler[train]'"
    raise ImportError(msg)

from heitler.training.bank import BankPlan as BankPlan
from heitler.training.bank import MemberTask as MemberTask
from heitler.training.bank import train_member as train_member
from heitler.training.criteria import Criterion as Criterion
from heitler.training.criteria import EnergyChi2 as EnergyChi2
from heitler.training.data import Split as Split
from heitler.training.experiment import DataSettings as DataSettings
from heitler.training.experiment import Experiment as Experiment
from heitler.training.experiment import Schedule as Schedule
from heitler.training.experiment import StageSettings as StageSettings
from heitler.training.experiment import TrainerSettings as TrainerSettings
from heitler.training.growth import EnergyGrowth as EnergyGrowth
from heitler.training.run import CHECKPOINT as CHECKPOINT
from heitler.training.run import RECORDS as RECORDS
from heitler.training.run import is_first_process as is_first_process
from heitler.training.run import train as train
from heitler.training.showers import read_rows as read_rows
from heitler.training.stack import train_stack as train_stack
