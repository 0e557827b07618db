"""Many showers by many workers: a Dask cluster of this machine, or any other."""

from heitler.production.produce import produce as produce
