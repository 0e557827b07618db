"""The evaluation of the CaloChallenge: its features, histograms, scores and results table.

Everything here follows the conventions of the challenge (Krause et al., arXiv:2410.21611, and
CaloChallenge/homepage), for numbers that stand beside published ones.
"""

from heitler.validation.calochallenge.classifier import classifier_test as classifier_test
from heitler.validation.calochallenge.data_sets import DATA_SETS as DATA_SETS
from heitler.validation.calochallenge.data_sets import DataSet as DataSet
from heitler.validation.calochallenge.features import Features as Features
from heitler.validation.calochallenge.features import collect_features as collect_features
from heitler.validation.calochallenge.leaderboard import leaderboard as leaderboard
from heitler.validation.calochallenge.leaderboard import read_published as read_published
from heitler.validation.calochallenge.result import Result as Result
from heitler.validation.calochallenge.scores import Score as Score
from heitler.validation.calochallenge.scores import separations as separations
from heitler.validation.calochallenge.suite import evaluate as evaluate
from heitler.validation.calochallenge.tables import score_table as score_table
