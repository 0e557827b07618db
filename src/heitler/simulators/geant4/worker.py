"""The child process in which Geant4 runs: it gets a detector, then tasks, and sends hits back.

Geant4 ends its process where something is wrong, so it has one of its own. This file is run by its
path, ``python -P worker.py DESCRIPTOR``, and knows nothing of heitler: a child is ready in half a
second. It talks through the connection DESCRIPTOR and ends with it. What Geant4 prints goes where
the parent says.

Physics: the processes of `G4EmStandardPhysics_option1` with the step parameters of option 0, which
need no data of Rayleigh scattering. Whatever matters is set and then read back, since Geant4
ignores what it does not understand.

Every shower starts from its own seeds, and so is the same in any child and in any order.

Notation: lengths in mm, energies in MeV, coordinates of the shower frame.
"""

from __future__ import annotations

import os
import re
import resource
import signal
import sys
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from tempfile import TemporaryFile
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["COMMANDS", "PHYSICS", "STATED", "Form", "Hits", "Plate", "Setup", "Task"]

PHYSICS = "G4EmStandardPhysics_option1"

COMMANDS = (
    "/process/em/verbose 0",
    "/process/em/LivermoreData livermore",
    "/process/em/applyCuts false",
    "/process/eLoss/StepFunction 0.2 1 mm",
    "/process/msc/RangeFactor 0.04",
    "/process/msc/StepLimit UseSafety",
    "/process/em/transportationWithMsc Disabled",
)
"""Given to Geant4 before its initialisation."""

STATED = {
    "Livermore data directory": "livermore",
    "Apply cuts on all EM processes": "0",
    "Step function for e+-": "(0.2, 1 mm)",
    "Range factor for msc step limit for e+-": "0.04",
    "Type of msc step limit algorithm for e+-": "1",  # UseSafety
    "Use combined TransportationWithMsc": "Disabled",
}
"""What Geant4 must state of its parameters afterwards."""

_CLEARANCE = 1e-3  # mm, from where a particle starts to the face
_PARTS = ("", " window", " row", " cell")  # of the name of a plate
_SPACE = 50.0  # mm of air around the detector
_LENGTHS = {"um": 1e-3, "mm": 1.0, "cm": 10.0, "m": 1e3}
_PARTICLES = {22: "gamma", 11: "e-", -11: "e+"}


class Plate(NamedTuple):
    """A plate of a Geant4 material, thickness in mm; read out as `layer`, or passive at -1."""

    material: str
    thickness: float
    layer: int


class Form(NamedTuple):
    """Form of the plates, and how a window of them is cut into rows and rows into cells.

    Arguments:
        half: Half the size of a plate along x and y in mm.
        solids: Plate, window, row and cell: Geant4's class, and its arguments before and after
            half the thickness.
        axes: Geant4's names of the axes along which window and row are cut.
        cells: Number of rows, and of cells in a row.
        size: Size of a row and of a cell along its axis in mm or rad.
        turn: Angle of the window about the z axis in rad.
    """

    half: tuple[float, float]
    solids: tuple[tuple[str, tuple[float, ...], tuple[float, ...]], ...]
    axes: tuple[str, str]
    cells: tuple[int, int]
    size: tuple[float, float]
    turn: float


class Setup(NamedTuple):
    """What a child builds.

    Arguments:
        plates: From the face inwards.
        face_z: Depth of the front of the first plate in mm.
        layers: Number of layers.
        form: Form of the plates and of their cells.
        cut: Production cut in mm.
        elements: Atomic numbers of each material, as the data were checked for.
    """

    plates: tuple[Plate, ...]
    face_z: float
    layers: int
    form: Form
    cut: float
    elements: dict[str, tuple[int, ...]]

    @property
    def message(self) -> tuple[Any, ...]:
        """As it is sent: a child does not know these classes by the parent's names."""
        plates = tuple(tuple(plate) for plate in self.plates)
        return tuple(self._replace(plates=plates, form=tuple(self.form)))  # type: ignore[arg-type]

    @classmethod
    def read(cls, message: tuple[Any, ...]) -> Setup:
        """What a message says."""
        setup = cls(*message)
        plates = tuple(Plate(*plate) for plate in setup.plates)
        return setup._replace(plates=plates, form=Form(*setup.form))


class Task(NamedTuple):
    """Particles to simulate: energy, pdg (n,); direction, position (n, 3); seeds (n, 4)."""

    energy: NDArray[np.float64]
    pdg: NDArray[np.int64]
    direction: NDArray[np.float64]
    position: NDArray[np.float64]
    seeds: NDArray[np.uint32]


class Hits(NamedTuple):
    """What came of a task: hits per shower (n,), cells and energies (H,), and who made them.

    Arguments:
        counts: Number of hits of each shower, with shape (n,).
        cells: Indices in the flat cell order, with shape (H,).
        energies: Energies in MeV, with shape (H,).
        seconds: CPU seconds spent on them.
        version: Geant4's version, such as ``11.4.1``.
    """

    counts: NDArray[np.int64]
    cells: NDArray[np.int32]
    energies: NDArray[np.float32]
    seconds: float
    version: str


class _Application:
    """Geant4, initialised; there can be one in a process.

    Geant4 does not keep Python's objects alive: `_kept` does.
    """

    def __init__(self, setup: Setup) -> None:
        import geant4_pybind  # noqa: PLC0415 (the one module that needs it, in a child only)

        self._g4: Any = geant4_pybind
        self._setup = setup
        self._kept: list[Any] = []
        self._cells: list[Any] = []
        self._task: Task | None = None
        self._showers: list[list[tuple[int, float]]] = []
        self._manager = self._g4.G4RunManagerFactory.CreateRunManager(
            self._g4.G4RunManagerType.SerialOnly
        )
        self._manager.SetVerboseLevel(0)
        detector, actions = _user_classes(self._g4, self)
        physics = self._keep(self._g4.G4VModularPhysicsList())
        physics.SetVerboseLevel(0)
        physics.RegisterPhysics(self._keep(getattr(self._g4, PHYSICS)()))
        self._manager.SetUserInitialization(self._keep(detector()))
        self._manager.SetUserInitialization(physics)
        self._manager.SetUserInitialization(self._keep(actions()))
        for command in COMMANDS:
            self._command(command)
        self._manager.Initialize()
        self._command(f"/run/setCut {setup.cut} mm")
        self._read_back()

    @property
    def _version(self) -> str:
        """Of ``geant4-11-04-patch-01``, ``11.4.1``."""
        stated = re.search(r"geant4-\S+", self._manager.GetVersionString())
        numbers = re.findall(r"-(\d+)", stated[0] if stated else "")
        return ".".join(str(int(number)) for number in numbers)

    def run(self, task: Task) -> Hits:
        """The hits of some particles."""
        start = time.process_time()
        self._task, self._showers = task, []
        self._manager.BeamOn(len(task.energy))
        if len(self._showers) != len(task.energy):
            msg = f"Geant4 made {len(self._showers)} showers of {len(task.energy)}"
            raise RuntimeError(msg)
        hits = [hit for shower in self._showers for hit in shower]
        return Hits(
            np.array([len(shower) for shower in self._showers], dtype=np.int64),
            np.array([cell for cell, _ in hits], dtype=np.int32),
            np.array([energy for _, energy in hits], dtype=np.float32),
            time.process_time() - start,
            self._version,
        )

    def build(self) -> Any:  # noqa: ANN401 (of Geant4, which is imported late)
        """The world with the plates in it."""
        g4, setup = self._g4, self._setup
        depth = sum(plate.thickness for plate in setup.plates)
        far = max(-setup.face_z, setup.face_z + depth)
        half = (extent + _SPACE for extent in (*setup.form.half, far))
        world = self._volume(g4.G4Box("world", *half), "world", "G4_AIR")
        plates: dict[Plate, Any] = {}
        front = setup.face_z
        for number, plate in enumerate(setup.plates):
            kind = plate._replace(layer=min(plate.layer, 0))
            if kind not in plates:
                plates[kind] = self._plate(kind, f"plate {len(plates)}")
            copy = number if plate.layer < 0 else plate.layer
            self._place(plates[kind], world, copy, z=front + plate.thickness / 2)
            front += plate.thickness
        return self._place(world, None, 0)

    def attach_scorers(self) -> None:
        """Makes the cells sum up what is deposited in them, cell by cell of the geometry."""
        g4, setup = self._g4, self._setup
        shape = (setup.layers, *setup.form.cells)
        detector = self._keep(g4.G4MultiFunctionalDetector("cells"))
        # Plate, window, row, cell: three, one and no levels above the cell.
        detector.RegisterPrimitive(self._keep(g4.G4PSEnergyDeposit3D("energy", *shape, 3, 1, 0)))
        g4.G4SDManager.GetSDMpointer().AddNewDetector(detector)
        for volume in self._cells:
            volume.SetSensitiveDetector(detector)

    def shoot(self, event: Any, gun: Any) -> None:  # noqa: ANN401
        """Starts the next shower of the task: its seeds, then its particle."""
        g4, task, index = self._g4, self._task, event.GetEventID()
        if task is None:
            msg = "there is no task"
            raise RuntimeError(msg)
        # Ended by a 0, which is therefore no seed.
        g4.G4Random.setTheSeeds([*(max(1, int(word)) for word in task.seeds[index]), 0], 4)
        name = _PARTICLES[int(task.pdg[index])]
        gun.SetParticleDefinition(g4.G4ParticleTable.GetParticleTable().FindParticle(name))
        gun.SetParticleEnergy(float(task.energy[index]))
        direction = task.direction[index]
        start = task.position[index] - _CLEARANCE * direction
        gun.SetParticleMomentumDirection(g4.G4ThreeVector(*map(float, direction)))
        gun.SetParticlePosition(g4.G4ThreeVector(*map(float, start)))
        gun.GeneratePrimaryVertex(event)

    def collect(self, event: Any) -> None:  # noqa: ANN401
        """Takes over the hits of an event."""
        collection = event.GetHCofThisEvent().GetHC(0)
        self._showers.append([hit for hit in list(collection) if np.float32(hit[1]) > 0])

    def _plate(self, plate: Plate, name: str) -> Any:  # noqa: ANN401
        """A plate; where it is read out, with a window that is cut into rows and cells."""
        g4, form = self._g4, self._setup.form
        volume, *parts = (
            self._volume(
                getattr(g4, kind)(name, *before, plate.thickness / 2, *after),
                f"{name}{part}",
                plate.material,
            )
            for (kind, before, after), part in zip(form.solids, _PARTS, strict=True)
        )
        if plate.layer < 0:
            return volume
        window, row, cell = parts
        turn = self._keep(g4.G4RotationMatrix())
        turn.rotateZ(form.turn)
        self._place(window, volume, 0, turn=turn)
        for part, mother, axis, number, size in zip(
            (row, cell), (window, row), form.axes, form.cells, form.size, strict=True
        ):
            if number == 1:  # as a replica, a sector of the full angle has no end
                self._place(part, mother, 0)
            else:
                where = getattr(g4, axis)
                self._keep(g4.G4PVReplica(part.GetName(), part, mother, where, number, size))
        self._cells.append(cell)
        return volume

    def _volume(self, solid: Any, name: str, material: str) -> Any:  # noqa: ANN401
        g4 = self._g4
        substance = g4.G4NistManager.Instance().FindOrBuildMaterial(material)
        if substance is None:
            msg = f"Geant4 has no material {material}"
            raise RuntimeError(msg)
        elements = tuple(sorted(round(e.GetZ()) for e in substance.GetElementVector()))
        if elements != self._setup.elements[material]:
            msg = f"{material} has the elements {elements}, not {self._setup.elements[material]}"
            raise RuntimeError(msg)
        return self._keep(g4.G4LogicalVolume(self._keep(solid), substance, name))

    def _place(self, volume: Any, mother: Any, copy: int, z: float = 0.0, turn: Any = None) -> Any:  # noqa: ANN401
        g4, name = self._g4, volume.GetName()
        centre = g4.G4ThreeVector(0.0, 0.0, z)
        return self._keep(g4.G4PVPlacement(turn, centre, volume, name, mother, False, copy))

    def _keep(self, thing: Any) -> Any:  # noqa: ANN401
        self._kept.append(thing)
        return thing

    def _command(self, command: str) -> None:
        self._g4.G4UImanager.GetUIpointer().ApplyCommand(command)

    def _read_back(self) -> None:
        """Compares what Geant4 says of itself with what it was told."""
        lines = _printed(self._g4.G4EmParameters.Instance().Dump).splitlines()
        for label, value in STATED.items():
            got = [line[len(label) :].strip() for line in lines if line.startswith(label)]
            if got != [value]:
                msg = f"Geant4 has '{label}' at {got}, not at {value}"
                raise RuntimeError(msg)
        self._manager.BeamOn(0)  # makes the tables
        couples = _printed(lambda: self._command("/run/dumpCouples"))
        ranges = re.findall(r"^ Range cuts\b.*$", couples, re.MULTILINE)
        for line in ranges:
            for value, unit in re.findall(r"(?:gamma|e-|e\+) +(\S+) (\w+)", line):
                if abs(float(value) * _LENGTHS[unit] / self._setup.cut - 1) > 1e-4:
                    msg = f"Geant4 has other cuts than {self._setup.cut} mm: {line.strip()}"
                    raise RuntimeError(msg)
        if not ranges:
            msg = "Geant4 states no production cuts"
            raise RuntimeError(msg)


def _user_classes(g4: Any, application: _Application) -> tuple[type, type]:  # noqa: ANN401
    """The classes that Geant4 calls; they exist once it is imported."""

    class Detector(g4.G4VUserDetectorConstruction):  # type: ignore[misc]
        def Construct(self) -> Any:  # noqa: ANN401, N802
            return application.build()

        def ConstructSDandField(self) -> None:  # noqa: N802
            application.attach_scorers()

    class Beam(g4.G4VUserPrimaryGeneratorAction):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self._gun = g4.G4ParticleGun(1)

        def GeneratePrimaries(self, event: Any) -> None:  # noqa: ANN401, N802
            application.shoot(event, self._gun)

    class Readout(g4.G4UserEventAction):  # type: ignore[misc]
        def EndOfEventAction(self, event: Any) -> None:  # noqa: ANN401, N802
            application.collect(event)

    class Actions(g4.G4VUserActionInitialization):  # type: ignore[misc]
        def Build(self) -> None:  # noqa: N802
            self._beam, self._readout = Beam(), Readout()
            self.SetUserAction(self._beam)
            self.SetUserAction(self._readout)

    return Detector, Actions


def _printed(action: Callable[[], object]) -> str:
    """What an action writes to standard output, also from C++."""
    with TemporaryFile() as file:
        before = os.dup(1)
        os.dup2(file.fileno(), 1)
        try:
            action()
        finally:
            os.dup2(before, 1)
            os.close(before)
        file.seek(0)
        return file.read().decode(errors="replace")


def main(descriptor: int) -> None:
    """Works until the parent closes the connection."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is the parent's to stop
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    channel = Connection(descriptor)
    try:
        application = _Application(Setup.read(channel.recv()))
        while True:
            channel.send(tuple(application.run(Task(*channel.recv()))))
    except (EOFError, BrokenPipeError):
        return


if __name__ == "__main__":
    main(int(sys.argv[1]))
