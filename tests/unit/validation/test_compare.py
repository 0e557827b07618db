"""Comparisons of toy showers: values, floors, verdicts, and what they were made of."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from heitler import metrics
from heitler.detectors import load_detector
from heitler.formats import open_showers, sha256
from heitler.metrics import METRICS, Estimate
from heitler.observables import OBSERVABLES, SPECTRUM_AXIS
from heitler.validation import Row, SpeedRow, compare, digest
from heitler.validation.compare import compare_samples
from heitler.validation.comparison import FEATURES, LATERAL_FEATURES
from heitler.validation.summary import findings, overview, table, worst_rows


def rows(comparison, **fields):
    return list(comparison.select(**fields))


def test_every_observable_has_every_metric_in_every_bin(toy_comparison):
    assert len(toy_comparison.energies) == 3
    for name, observable in OBSERVABLES.items():
        for energies in toy_comparison.energies:
            got = {
                row.metric
                for row in rows(
                    toy_comparison, candidate="good", observable=name, energies=energies.label
                )
            }
            if observable.axis == SPECTRUM_AXIS:
                assert got == {"spectrum_separation", "spectrum_chi2"}
            else:
                assert got >= {m.name for m in METRICS.values() if m.kind == "distribution"}


def test_all_numbers_are_finite(toy_comparison):
    for row in toy_comparison.rows:
        numbers = (row.value.value, row.value.error, row.floor.value, row.floor.error, row.excess)
        assert np.isfinite(numbers).all(), row


def test_samples_are_of_one_size(toy_comparison):
    assert toy_comparison.size == 400
    overall = toy_comparison.energies[0].label
    assert {row.size for row in rows(toy_comparison, energies=overall)} == {400}
    assert "disjoint halves" in toy_comparison.rule


def test_a_good_candidate_is_at_the_floor(toy_comparison):
    good = rows(toy_comparison, candidate="good")
    assert all(row.verdict != "far" for row in good)
    assert np.mean([row.verdict == "floor" for row in good]) > 0.9


def test_a_spoilt_layer_is_found_and_named(toy_comparison):
    spoilt = next(s for s in toy_comparison.candidates if s.name == "spoilt")
    assert worst_rows(toy_comparison, spoilt)[0].excess > 4
    text = " ".join(f.text for f in findings(toy_comparison, spoilt) if f.verdict != "floor")
    assert text.startswith("Layer 2 holds ")
    assert "too little energy (" in text
    value = rows(toy_comparison, candidate="spoilt", metric="largest_deviation")[0].value
    assert value.value == pytest.approx(0.5, abs=0.1)


def test_every_classifier_stands_beside_its_floor(toy_comparison):
    overall, *bins = (energies.label for energies in toy_comparison.energies)
    for observable in (FEATURES, LATERAL_FEATURES):
        for metric in ("classifier_auc", "neural_classifier_auc"):
            found = rows(toy_comparison, observable=observable, metric=metric)
            of_bins = bins if (observable, metric) == (FEATURES, "classifier_auc") else []
            assert [row.energies for row in found if row.candidate == "good"] == [
                overall,
                *of_bins,
            ]
            assert all(abs(row.floor.value - 0.5) < 4 * row.floor.error for row in found)
    spoilt = next(s for s in toy_comparison.candidates if s.name == "spoilt")
    texts = [line.text for line in findings(toy_comparison, spoilt)]
    trees = next(n for n, text in enumerate(texts) if text.startswith("A classifier on high-"))
    assert texts[trees + 1].startswith("Other classifiers: trees on lateral features 0.")
    assert texts[trees + 1].count("floor 0.") == 3
    labels = [label for label, _ in overview(toy_comparison)]
    assert labels[0].startswith("Classifier AUC, high-level features")
    assert sum("lassifier AUC" in label for label in labels) == len(bins) + 4
    lines = [line for line in digest(toy_comparison, "good") if line.startswith("classifier")]
    assert [line.split("  ")[0] for line in lines] == ["classifier AUC", "classifier AUC, lateral"]


def test_distances_of_features_stand_beside_their_floors(toy_comparison):
    overall = toy_comparison.energies[0].label
    for name in (
        "sliced_wasserstein",
        "sinkhorn_divergence",
        "maximum_mean_discrepancy",
        "energy_distance",
        "frechet_physics_distance",
        "kernel_physics_distance",
        "pair_jensen_shannon",
        "precision",
        "recall",
        "coverage",
        "density",
    ):
        every = rows(toy_comparison, observable=FEATURES, metric=name, candidate="good")
        assert [row.energies for row in every] == [bin_.label for bin_ in toy_comparison.bins]
        good, spoilt = rows(toy_comparison, observable=FEATURES, metric=name, energies=overall)
        assert good.size == toy_comparison.size
        assert good.excess < 3
        assert good.floor == spoilt.floor
        assert good.value != spoilt.value
    for observable in ("layer_energy", FEATURES):
        good, _ = rows(
            toy_comparison,
            observable=observable,
            metric="correlation_distance",
            energies=overall,
        )
        assert good.verdict == "floor"
    lines = "\n".join(table(toy_comparison))
    assert "Frechet physics distance, high-level features" in lines
    assert "Mean difference of Pearson correlations, layer_energy" in lines


def test_what_betrays_a_candidate_is_its_spoilt_layer(toy_comparison):
    spoilt = [each for each in toy_comparison.betrayals if each.candidate == "spoilt"]
    assert len(spoilt) == 5
    assert spoilt[0].feature == "longitudinal_profile[2]"
    assert spoilt[0].drop > 0.02
    assert [each.drop for each in spoilt] == sorted((e.drop for e in spoilt), reverse=True)
    content = json.loads(toy_comparison.to_json())["betrayals"]
    assert content[5:] == [
        {"candidate": "spoilt", "feature": each.feature, "drop": each.drop} for each in spoilt
    ]


def test_a_candidate_that_is_its_training_sample_is_found(toy_files):
    with open_showers(toy_files["geant4"]) as reference, open_showers(toy_files["good"]) as good:
        comparison = compare(
            reference, {"learnt": good}, training=good, energy_bins=1, neural=False
        )
    found = {m: rows(comparison, metric=m)[0] for m in METRICS if METRICS[m].kind == "memory"}
    assert set(found) == {"memorisation_auc", "data_copying", "authenticity"}
    assert all(row.excess > 5 for row in found.values())
    assert found["memorisation_auc"].value.value > 0.95
    assert abs(found["memorisation_auc"].floor.value - 0.5) < 0.15
    assert found["authenticity"].value.value < 0.05
    assert "Authenticity, high-level features" in [label for label, _ in overview(comparison)]


def test_all_cells_are_judged_on_demand(toy_files):
    with open_showers(toy_files["geant4"]) as reference, open_showers(toy_files["good"]) as good:
        comparison = compare(
            reference, {"good": good}, energy_bins=1, neural=False, cells=True, seed=2
        )
    for name in (m.name for m in METRICS.values() if m.kind == "voxels"):
        (row,) = rows(comparison, observable="all cells", metric=name)
        assert row.excess < 4
        assert row.size == 400
    labels = [label for label, _ in overview(comparison)]
    assert "Classifier AUC, convolutions, all cells" in labels
    assert "SSIM across, all cells" in labels


def test_networks_can_be_left_out(toy_files):
    with open_showers(toy_files["geant4"]) as reference, open_showers(toy_files["good"]) as good:
        comparison = compare(reference, {"good": good}, energy_bins=1, neural=False)
    judges = {row.metric for row in comparison.rows if row.metric.endswith("auc")}
    assert judges == {"classifier_auc"}
    assert rows(comparison, observable=LATERAL_FEATURES, metric="classifier_auc")


def test_a_moved_layer_is_told_in_mm(toy_comparison):
    reference = toy_comparison.reference
    moved = reference.values["layer_centre_x"] + np.array([0.0, 0.0, 0.0, 4.0])
    sample = replace(reference, name="moved", values=reference.values | {"layer_centre_x": moved})
    comparison = compare_samples(
        reference,
        [sample],
        floor=None,
        detector=toy_comparison.detector,
        threshold=None,
        seed=1,
        bins=1,
        neural=False,
    )
    text = " ".join(finding.text for finding in findings(comparison, sample))
    assert "Centre of energy per layer in x: mean in layer 3 +4 mm" in text


def test_the_summary_has_at_most_ten_lines(toy_comparison):
    for sample in toy_comparison.candidates:
        assert 5 <= len(findings(toy_comparison, sample)) <= 10


def test_the_table_has_every_value_beside_its_floor(toy_comparison):
    header, *lines = table(toy_comparison)
    assert header.split() == ["good", "spoilt", "floor", "showers"]
    shown = [line for line in lines if "±" in line]
    assert len(shown) == len(overview(toy_comparison))
    assert all(line.count("±") == 3 for line in shown)


def test_the_same_seed_gives_the_same_numbers(toy_comparison):
    again = compare_samples(
        toy_comparison.reference,
        toy_comparison.candidates[:1],
        floor=None,
        detector=toy_comparison.detector,
        threshold=None,
        seed=1,
        bins=1,
        neural=False,
    )
    overall = rows(toy_comparison, candidate="good", energies="all energies")
    values = {(row.observable, row.metric, row.over): row.value for row in overall}
    assert len(again.rows) == len(overall) - 3  # networks, and calibrated trees
    for row in again.rows:
        assert row.value == values[row.observable, row.metric, row.over]
    assert again.betrayals == toy_comparison.betrayals[:5]


def test_a_second_reference_makes_the_floor(toy_comparison):
    reference, good = toy_comparison.reference, toy_comparison.candidates[0]
    comparison = compare_samples(
        reference,
        [good],
        floor=good,
        detector=toy_comparison.detector,
        threshold=None,
        seed=1,
        bins=1,
        neural=False,
    )
    assert "second, independent sample" in comparison.rule
    assert comparison.size == 500
    json.loads(comparison.to_json())


def test_a_new_metric_is_one_function(toy_comparison, monkeypatch):
    monkeypatch.setattr(metrics.base, "METRICS", METRICS.copy())
    monkeypatch.setitem(
        METRICS,
        "shift",
        metrics.Metric("shift", "shift", "distribution", 0.0, False, lambda a, b: Estimate(1, 1)),
    )
    comparison = compare_samples(
        toy_comparison.reference,
        toy_comparison.candidates[:1],
        floor=None,
        detector=toy_comparison.detector,
        threshold=None,
        seed=1,
        bins=1,
        neural=False,
    )
    assert len(rows(comparison, observable="hits", metric="shift")) == 1


def test_json_says_what_the_numbers_were_made_of(toy_comparison, toy_files):
    speed = SpeedRow("good", "CPU", 1, 1, 2.5, 0.1, 2.0, 3.0, 200.0)
    content = json.loads(replace(toy_comparison, speed=(speed,)).to_json())
    assert content["seed"] == 1
    assert content["size"] == 400
    assert content["reference"]["sha256"] == sha256(toy_files["geant4"])
    assert content["reference"]["provenance"]["simulator"] == "geant4"
    assert content["candidates"]["spoilt"]["showers"] == 500
    assert content["hit_threshold_MeV"] == 0.1
    assert content["speed"][0]["speed_up"] == 100.0
    assert len(content["rows"]) == len(toy_comparison.rows)
    assert {"value", "floor", "excess", "verdict", "unit", "size"} <= set(content["rows"][0])


def test_a_threshold_holds_for_all_samples(toy_files):
    with open_showers(toy_files["geant4"]) as reference, open_showers(toy_files["good"]) as good:
        comparison = compare(reference, {"good": good}, energy_bins=1, threshold=1.0, neural=False)
        deposits = reference.read(0, len(reference)).deposits
    assert comparison.detector.hit_threshold == 1.0
    kept = deposits.where(deposits > 1.0, 0.0).double().sum(dim=-1)
    assert comparison.reference.values["visible_energy"] == pytest.approx(kept.numpy())
    assert (comparison.reference.values["hits"] == (deposits > 1.0).sum(dim=-1).numpy()).all()


def test_other_particles_are_noted(toy_comparison):
    good = toy_comparison.candidates[0]
    moved = replace(good, name="moved", energy=good.energy * 0.5, pdg=good.pdg * 0 + 11)
    comparison = compare_samples(
        toy_comparison.reference,
        [moved],
        floor=None,
        detector=toy_comparison.detector,
        threshold=None,
        seed=1,
        bins=1,
        neural=False,
    )
    assert any("incident energies are distributed unlike" in note for note in comparison.notes)
    assert any("incident particles are not those" in note for note in comparison.notes)
    assert not toy_comparison.notes


def test_showers_of_the_reference_itself_are_noted(toy_comparison):
    comparison = compare_samples(
        toy_comparison.reference,
        [toy_comparison.reference],
        floor=None,
        detector=toy_comparison.detector,
        threshold=None,
        seed=1,
        bins=1,
        neural=False,
    )
    assert any("are showers of the reference" in note for note in comparison.notes)


def test_another_detector_is_one_clear_line(toy_files, tmp_path, toy_showers, write_showers):
    other = write_showers(tmp_path / "x.h5", toy_showers(load_detector("clic_ecal"), 3))
    with (
        open_showers(toy_files["geant4"]) as reference,
        open_showers(other) as candidate,
        pytest.raises(ValueError, match=r"clic_ecal \(25 x 25 x 25 cells\), but the reference"),
    ):
        compare(reference, {"x": candidate})


def test_angles_have_bins_where_they_differ(tmp_path, toy_showers, write_showers):
    files = []
    for seed in (1, 2):
        theta = torch.linspace(0.7, 1.5, 600, dtype=torch.float64)
        showers = toy_showers(count=600, seed=seed, theta=theta)
        if seed == 2:  # what enters steeply loses most of its energy
            showers.deposits[theta > 1.1] *= 0.2
        files.append(write_showers(tmp_path / f"{seed}.h5", showers))
    with open_showers(files[0]) as reference, open_showers(files[1]) as candidate:
        comparison = compare(reference, {"c": candidate}, energy_bins=2, neural=False)
    assert [each.label for each in comparison.angles] == ["40-63 degrees", "63-86 degrees"]
    first, last = (
        next(comparison.select(observable="response", metric="mean_ratio", energies=each.label))
        for each in comparison.angles
    )
    assert (first.verdict, last.verdict) == ("floor", "far")
    assert any("63-86 degrees" in label for label, _ in overview(comparison))
    text = " ".join(f.text for f in findings(comparison, comparison.candidates[0]))
    assert "clearest at 63-86 degrees" in text


@pytest.mark.parametrize(
    ("metric", "value", "floor", "verdict"),
    [
        ("separation_power", 0.01, 0.012, "floor"),
        ("separation_power", 0.05, 0.01, "above"),
        ("separation_power", 0.5, 0.01, "far"),
        ("classifier_auc", 0.47, 0.44, "floor"),
        ("mean_ratio", 0.9, 1.1, "far"),
        ("density", 1.2, 1.0, "far"),
        ("density", 0.8, 1.0, "far"),
        ("coverage", 0.96, 0.97, "floor"),
    ],
)
def test_verdicts(metric, value, floor, verdict):
    row = Row("c", "hits", metric, "", "all", 100, Estimate(value, 0.01), Estimate(floor, 0.01))
    assert row.verdict == verdict


def test_no_candidate_and_bad_thresholds_are_refused(toy_files):
    with open_showers(toy_files["geant4"]) as reference:
        with pytest.raises(ValueError, match="no candidate"):
            compare(reference, {})
        with pytest.raises(ValueError, match="0 or more, got -1"):
            compare(reference, {"x": reference}, threshold=-1.0)
