"""The part of a configuration from which a neural simulator is built.

    conditioning: [{class_path: heitler.preprocessing.LogEnergy}]
    preprocessing: [{class_path: heitler.preprocessing.Response}]
    model: {class_path: heitler.models.VAE, init_args: {latent: 10}}

The constructors' signatures are the schema (jsonargparse): an unknown key or a wrong type is an
error before anything is read. Shapes never appear: they come from geometry and preprocessing.
"""

from __future__ import annotations

import re
from argparse import ArgumentError
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml
from jsonargparse import ArgumentParser, Namespace

from heitler.detectors import Geometry
from heitler.models import GenerativeModel, ShowerShape
from heitler.particles import IncidentParticles
from heitler.preprocessing import Condition, Conditioning, Preprocessing, Transform

__all__ = ["Blueprint", "read_configuration", "read_yaml"]

T = TypeVar("T")


@dataclass(frozen=True)
class Blueprint:
    """What a neural simulator is made of.

    Arguments:
        model: The family with its settings; the shape of the showers comes later.
        preprocessing: Transforms between deposits and the model; the first is nearest to the
            deposits.
        conditioning: What the model is told of the incident particle.
    """

    model: Callable[[ShowerShape], GenerativeModel]
    preprocessing: list[Transform]
    conditioning: list[Condition]  # type: ignore[type-arg]  # jsonargparse reads no parameters

    def build(
        self, geometry: Geometry
    ) -> tuple[Conditioning[IncidentParticles], Preprocessing, GenerativeModel]:
        """Conditioning, preprocessing and model for a geometry, not yet fitted.

        Raises:
            ValueError: The model's settings make no network.
        """
        conditioning = Conditioning(self.conditioning)
        for transform in self.preprocessing:
            transform.see(geometry)
        preprocessing = Preprocessing(self.preprocessing)
        shape = ShowerShape(
            geometry.layer_sizes,
            preprocessing.quantities,
            conditioning.size,
            conditioning.columns,
            geometry.cell_centres,
            geometry.grid_shape,
        )
        try:
            return conditioning, preprocessing, self.model(shape)
        except RuntimeError as error:
            msg = f"the model cannot be built with these settings: {error}"
            raise ValueError(msg) from error


def read_yaml(path: Path) -> dict[str, Any]:
    """Keys and values of a YAML file.

    Raises:
        ValueError: The file is not YAML, or has no keys.
    """
    try:
        content = yaml.safe_load(path.read_text())
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        msg = f"{path} is not YAML: {error}"
        raise ValueError(msg) from error
    if not isinstance(content, dict):
        msg = f"{path}: expected keys and values, got {type(content).__name__}"
        raise ValueError(msg)  # noqa: TRY004 (the file is wrong, not the call)
    return content


def read_configuration(
    schema: type[T],
    content: Mapping[str, Any],
    *,
    overrides: list[str] | None = None,
    source: str = "configuration",
) -> tuple[T, str]:
    """An object from the keys and values of a configuration.

    Arguments:
        schema: The class whose constructor's signature is the schema.
        content: Keys and values.
        overrides: Words of a command line such as ``--model.init_args.latent 4``.
        source: What to call the configuration in messages.

    Returns:
        The object, and the configuration with all defaults filled in, as YAML.

    Raises:
        ValueError: A key is unknown or missing, or a value has the wrong type.
    """
    parser = ArgumentParser(exit_on_error=False)
    parser.add_class_arguments(schema)
    try:
        settings: Namespace = parser.parse_object(dict(content), defaults=not overrides)
        if overrides:
            settings = parser.parse_args(overrides, namespace=settings)
        text = parser.dump(settings)
        return schema(**parser.instantiate(settings).as_dict()), text
    except (ArgumentError, TypeError, ValueError) as error:
        msg = f"{source}: {_in_short(error)}"
        raise ValueError(msg) from error


def _in_short(error: Exception) -> str:
    """One line of jsonargparse's message: the setting that it does not know, or all of it."""
    text = " ".join(str(error).split())
    unknown = re.search(r"Option '([^']+)' is not accepted", text)
    if unknown is None:
        return text
    place = re.search(r'Parser key "([^"]+)"', text)
    where = f"in '{place[1]}'" if place else "at the top"
    return f"unknown setting '{unknown[1]}' {where}"
