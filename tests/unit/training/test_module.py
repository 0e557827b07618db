"""Stages, phases, learning rates, selection of weights and time limits."""

import importlib
from math import inf

import pytest
import torch

from heitler.models import GenerativeModel, Noise, Phase, ShowerShape, Stage
from heitler.training import StageSettings
from heitler.training.module import TrainingModule, _turn, learning_rate_factor, plan

train_module = importlib.import_module("heitler.training.run")


def test_the_learning_rate_rises_and_falls():
    assert learning_rate_factor(0.0) == pytest.approx(0.05)
    assert learning_rate_factor(0.1) == pytest.approx(1.0)
    assert learning_rate_factor(0.55) == pytest.approx(0.505)
    assert learning_rate_factor(1.0) == pytest.approx(0.01)
    assert learning_rate_factor(7.0) == pytest.approx(0.01)
    steps = [learning_rate_factor(i / 1000) for i in range(1001)]
    peak = steps.index(max(steps))
    assert peak == 100
    assert steps[:peak] == sorted(steps[:peak])
    assert steps[peak:] == sorted(steps[peak:], reverse=True)


def test_phases_take_turns():
    stage = Stage("s", (Phase("critic", ("c",), steps=3), Phase("generator", ("g",))))
    names = [_turn(stage, step).name for step in range(8)]
    assert names == ["critic"] * 3 + ["generator"] + ["critic"] * 3 + ["generator"]


class Numbers(GenerativeModel):
    """Two weights in two stages, with prepare-only stages in front, between and behind."""

    stages = (
        Stage("before"),
        Stage("first", (Phase("one", ("a",)),), select="loss"),
        Stage("between"),
        Stage("second", (Phase("two", ("b",)),), select="last"),
        Stage("behind"),
    )

    def __init__(self, shape: ShowerShape) -> None:
        super().__init__(shape)
        self.noise = self.training_noise = {"z": Noise("normal", 1)}
        self.a, self.b = torch.nn.Linear(1, 1), torch.nn.Linear(1, 1)
        self.prepared = []

    def forward(self, z, c):
        return self.a(z["z"]).expand(-1, self.shape.features).relu()

    def loss(self, x, c, z, *, phase):
        network = {"one": self.a, "two": self.b}[phase]
        loss = (network(c) - x.mean(dim=1, keepdim=True)).square().mean()
        return loss, {"error": loss.sqrt()}

    def prepare(self, stage, x, c, z):
        self.prepared.append(stage)


def settings(**changes):
    return {"first": StageSettings(2, **changes), "second": StageSettings(3, **changes)}


def test_stages_follow_each_other_in_the_epochs():
    model = Numbers(ShowerShape((4,), 0, 1))
    bounds = [(p.stage.name, p.start, p.stop) for p in plan(model, settings())]
    assert bounds == [
        ("before", 0, 0),
        ("first", 0, 2),
        ("between", 2, 2),
        ("second", 2, 5),
        ("behind", 5, 5),
    ]


class Stream(torch.utils.data.IterableDataset):
    """Four batches of 8 showers of one cell; the mean of x is 3 c + 1."""

    epoch = 0

    def __len__(self):
        return 4

    def __iter__(self):
        generator = torch.Generator().manual_seed(self.epoch)
        for _ in range(4):
            yield sample(generator)

    def share(self, rank, processes):
        pass


def sample(generator):
    c = torch.randn(8, 1, generator=generator)
    x = (3 * c + 1).expand(-1, 4)
    return x, c, {"z": torch.randn(8, 1, generator=generator)}


def fit(model, chosen, *, watch=(), physics=lambda: {"mean": 1.0}):
    """Trains without files: the loop of `train` alone."""
    module = TrainingModule(
        model,
        plan(model, chosen),
        4,
        sample=lambda index: sample(torch.Generator().manual_seed(index)),
        validation=sample(torch.Generator().manual_seed(99)),
        physics=physics,
        physics_every=2,
    )
    trainer = train_module.L.Trainer(
        accelerator="cpu",
        max_epochs=module.plans[-1].stop,
        callbacks=[train_module._Epochs(Stream()), *watch],
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    with train_module._quiet():
        trainer.fit(module, torch.utils.data.DataLoader(Stream(), batch_size=None))
    module.finish()
    return module


class Watch(train_module.L.Callback):
    """Keeps the records and weights of each epoch."""

    def __init__(self):
        self.records, self.weights, self.rates = [], [], []

    def on_train_batch_end(self, trainer, module, *rest):
        for optimizer in trainer.optimizers:
            self.rates.append(optimizer.param_groups[0]["lr"])

    def on_train_epoch_end(self, trainer, module):
        self.records.append(dict(module.records))
        weights = {k: v.clone() for k, v in module.model.state_dict().items()}
        self.weights.append(weights)


def test_every_stage_is_prepared_once_and_in_order():
    model = fit(Numbers(ShowerShape((4,), 0, 1)), settings()).model
    assert model.prepared == ["before", "first", "between", "second", "behind"]


def test_a_stage_changes_its_own_weights_only():
    watch = Watch()
    start = Numbers(ShowerShape((4,), 0, 1))
    before = {k: v.clone() for k, v in start.state_dict().items()}
    fit(start, settings(), watch=[watch])
    assert torch.equal(watch.weights[1]["b.weight"], before["b.weight"])
    assert not torch.equal(watch.weights[1]["a.weight"], before["a.weight"])
    assert torch.equal(watch.weights[4]["a.weight"], watch.weights[1]["a.weight"])
    assert not torch.equal(watch.weights[4]["b.weight"], before["b.weight"])


def test_records_are_those_of_their_epoch():
    watch = Watch()
    fit(Numbers(ShowerShape((4,), 0, 1)), settings(), watch=[watch])
    assert ["train/one" in r for r in watch.records] == [True, True, False, False, False]
    assert ["train/two" in r for r in watch.records] == [False, False, True, True, True]
    # every second epoch, and at the end of each stage
    assert ["physics/mean" in r for r in watch.records] == [False, True, False, True, True]


def test_the_best_validation_weights_are_kept():
    """With a huge learning rate the first epoch is not the worst: the minimum is chosen."""
    torch.manual_seed(1)
    watch = Watch()
    model = Numbers(ShowerShape((4,), 0, 1))
    chosen = {
        "first": StageSettings(12, learning_rate=3.0, weight_decay=0.0),
        "second": StageSettings(1),
    }
    module = fit(model, chosen, watch=[watch])
    losses = [r["validation/loss"] for r in watch.records[:12]]
    x, c, z = sample(torch.Generator().manual_seed(99))
    with torch.no_grad():
        final, _ = module.model.loss(x, c, z, phase="one")
    assert float(final) == pytest.approx(min(losses), rel=1e-5)
    assert min(losses) != losses[0]


def test_the_best_of_several_is_not_the_last(monkeypatch):
    """Validation losses are dictated: the third epoch is the best."""
    watch = Watch()
    dictated = iter([5.0, 4.0, 1.0, 3.0, 2.0, 9.0, 9.0])
    monkeypatch.setattr(TrainingModule, "_validation_loss", lambda self, phase: next(dictated))
    chosen = {"first": StageSettings(5), "second": StageSettings(2)}
    module = fit(Numbers(ShowerShape((4,), 0, 1)), chosen, watch=[watch])
    assert torch.equal(module.model.a.weight, watch.weights[2]["a.weight"])
    assert not torch.equal(watch.weights[2]["a.weight"], watch.weights[3]["a.weight"])


def test_the_best_physics_is_not_the_last():
    """Looks at the physics are dictated, every second epoch: the one behind the fourth is best."""

    class ByPhysics(Numbers):
        stages = (Stage("first", (Phase("one", ("a",)),), select="physics"),)

    watch = Watch()
    dictated = iter([5.0, 1.0, 3.0, 2.0])
    model = ByPhysics(ShowerShape((4,), 0, 1))
    chosen = {"first": StageSettings(7)}
    module = fit(model, chosen, watch=[watch], physics=lambda: {"mean": next(dictated)})
    assert torch.equal(module.model.a.weight, watch.weights[3]["a.weight"])
    assert not torch.equal(watch.weights[3]["a.weight"], watch.weights[5]["a.weight"])


def test_the_learning_rate_follows_the_stage():
    watch = Watch()
    fit(Numbers(ShowerShape((4,), 0, 1)), settings(learning_rate=0.1), watch=[watch])
    first = watch.rates[0 : 2 * 4 * 2 : 2]
    assert first == pytest.approx([0.1 * learning_rate_factor(i / 8) for i in range(8)])


def test_a_time_limit_ends_a_stage_and_skips_its_epochs(monkeypatch):
    clock = [0.0]
    module_file = importlib.import_module("heitler.training.module")
    # Half of the time the machine does something else: that is no time of the stage.
    monkeypatch.setattr(module_file, "monotonic", lambda: 2.0 * clock[0])
    monkeypatch.setattr(module_file, "process_time", lambda: clock[0])
    original = TrainingModule.training_step
    steps = []

    def step(self, batch, index):
        clock[0] += 1.0
        steps.append(self.current_epoch)
        return original(self, batch, index)

    monkeypatch.setattr(TrainingModule, "training_step", step)
    watch = Watch()
    chosen = {
        "first": StageSettings(50, max_seconds=6.0, learning_rate=0.1),
        "second": StageSettings(2, max_seconds=inf),
    }
    module = fit(Numbers(ShowerShape((4,), 0, 1)), chosen, watch=[watch])
    # An epoch takes four seconds: the limit is noticed behind the second.
    assert sorted(set(steps)) == [0, 1, 50, 51]
    assert len(watch.records) == 52
    assert "validation/loss" not in watch.records[10]
    assert module.model.prepared == ["before", "first", "between", "second", "behind"]
    # The rate of the second epoch knows that most of the time is over.
    rates = watch.rates[0:16:2]
    assert rates[4] == pytest.approx(0.1 * learning_rate_factor(4 / 6))


def test_threads_share_the_seconds_of_a_time_limit(monkeypatch):
    clock = [0.0]
    module_file = importlib.import_module("heitler.training.module")
    monkeypatch.setattr(module_file, "monotonic", lambda: clock[0])
    monkeypatch.setattr(module_file, "process_time", lambda: 4.0 * clock[0])
    original = TrainingModule.training_step

    def step(self, batch, index):
        clock[0] += 1.0
        return original(self, batch, index)

    monkeypatch.setattr(TrainingModule, "training_step", step)
    watch = Watch()
    fit(Numbers(ShowerShape((4,), 0, 1)), settings(max_seconds=6.0), watch=[watch])
    assert [record["seconds"] for record in watch.records] == [4.0, 8.0, 4.0, 8.0, 8.0]


def test_preparations_are_part_of_the_time(monkeypatch):
    clock = [0.0]
    module_file = importlib.import_module("heitler.training.module")
    monkeypatch.setattr(module_file, "monotonic", lambda: clock[0])
    original = Numbers.prepare

    def prepare(self, *sample):
        clock[0] += 10.0
        original(self, *sample)

    monkeypatch.setattr(Numbers, "prepare", prepare)
    module = fit(Numbers(ShowerShape((4,), 0, 1)), settings(max_seconds=5.0))
    assert module.seconds == pytest.approx(50.0)
