"""Shower files: one module per community convention, behind one way to open and create them.

Tables have files of their own: see `heitler.formats.tables`.

>>> with open_showers("showers.h5") as reader:  # doctest: +SKIP
...     for showers in reader.batches():
...         print(showers.deposits.sum())
"""

from heitler.formats.atomic import atomic_file, atomic_folder
from heitler.formats.base import BATCH, Convention, ShowerReader, ShowerWriter, batch_size
from heitler.formats.binning import Binning, read_binning
from heitler.formats.checksum import sha256
from heitler.formats.conversion import Conversion, convert
from heitler.formats.histograms import holds_histograms, read_histograms
from heitler.formats.inspection import inspect
from heitler.formats.particles import read_particles, write_particles
from heitler.formats.registry import CONVENTIONS, create_showers, open_showers, recognise
from heitler.formats.tables import (
    TableReader,
    create_table,
    is_table,
    open_table,
    read_table,
    write_table,
)

__all__ = [
    "BATCH",
    "CONVENTIONS",
    "Binning",
    "Convention",
    "Conversion",
    "ShowerReader",
    "ShowerWriter",
    "TableReader",
    "atomic_file",
    "atomic_folder",
    "batch_size",
    "convert",
    "create_showers",
    "create_table",
    "holds_histograms",
    "inspect",
    "is_table",
    "open_showers",
    "open_table",
    "read_binning",
    "read_histograms",
    "read_particles",
    "read_table",
    "recognise",
    "sha256",
    "write_particles",
    "write_table",
]
