"""Configurations: the signature of a constructor is the schema."""

import pytest
import yaml

from heitler.models import VAE, WGANGP
from heitler.preprocessing import LogEnergy, Response
from heitler.simulators import Blueprint, read_configuration, read_yaml

CONTENT = {
    "model": {"class_path": "heitler.models.WGANGP", "init_args": {"latent": 5}},
    "preprocessing": [{"class_path": "heitler.preprocessing.Response"}],
    "conditioning": [{"class_path": "heitler.preprocessing.LogEnergy"}],
}


def test_shapes_come_from_geometry_preprocessing_and_conditioning(toy_detector):
    blueprint, _ = read_configuration(Blueprint, CONTENT)
    conditioning, preprocessing, model = blueprint.build(toy_detector.geometry)
    assert isinstance(model, WGANGP)
    assert isinstance(conditioning.conditions[0], LogEnergy)
    assert isinstance(preprocessing.transforms[0], Response)
    assert model.shape.layers == (15, 15, 15, 15)
    assert (model.shape.globals, model.shape.conditions) == (1, 1)
    assert model.noise["latent"].size == 5


def test_the_text_has_all_defaults_and_gives_the_same_again():
    _, text = read_configuration(Blueprint, CONTENT)
    assert yaml.safe_load(text)["model"]["init_args"]["penalty"] == 10.0
    _, again = read_configuration(Blueprint, yaml.safe_load(text))
    assert again == text


def test_words_of_a_command_line_replace_settings(toy_detector):
    blueprint, text = read_configuration(
        Blueprint, CONTENT, overrides=["--model.init_args.latent", "7"]
    )
    assert blueprint.build(toy_detector.geometry)[2].noise["latent"].size == 7
    assert read_configuration(Blueprint, yaml.safe_load(text))[1] == text


def test_another_family_by_name_takes_its_own_defaults(toy_detector):
    content = {**CONTENT, "model": "heitler.models.VAE"}
    assert isinstance(
        read_configuration(Blueprint, content)[0].build(toy_detector.geometry)[2], VAE
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"modell": 1}, "unknown setting 'modell'"),
        ({"model": {"class_path": "heitler.models.VAE", "init_args": {"depth": 3}}}, "'depth'"),
        ({"model": {"class_path": "heitler.models.GAN"}}, "no attribute 'GAN'"),
        ({"model": {"class_path": "heitler.preprocessing.Response"}}, "subclass"),
        ({"conditioning": [{"class_path": "heitler.preprocessing.Response"}]}, "conditioning"),
        ({"preprocessing": [{"class_path": "heitler.preprocessing.Threshold"}]}, "energy"),
    ],
)
def test_a_wrong_key_or_type_is_named_in_one_line(change, message):
    with pytest.raises(ValueError, match=message) as error:
        read_configuration(Blueprint, {**CONTENT, **change}, source="x.yaml")
    assert str(error.value).startswith("x.yaml: ")
    assert "\n" not in str(error.value)


def test_settings_that_make_no_network(toy_detector):
    content = {**CONTENT, "model": {**CONTENT["model"], "init_args": {"latent": -3}}}
    with pytest.raises(ValueError, match="cannot be built with these settings"):
        read_configuration(Blueprint, content)[0].build(toy_detector.geometry)


@pytest.mark.parametrize(
    ("text", "message"),
    [(b"a: [1,\n b: }", "is not YAML"), (b"\xff\xfe\x00", "is not YAML"), (b"", "got NoneType")],
)
def test_what_is_no_yaml(text, message, tmp_path):
    (tmp_path / "x.yaml").write_bytes(text)
    with pytest.raises(ValueError, match=message):
        read_yaml(tmp_path / "x.yaml")
