"""Writes test/fixtures/mixture/schedulers.json: what the authors' own code of five mixture methods says.

Needs numpy, scipy, pandas, torch, jax, jaxopt, and a folder with clones of HazyResearch/skill-it, yidingjiang/ado,
sangmichaelxie/doremi, alon-albalak/online-data-mixing and codebyzeb/CLIMB, named as the repositories are. Their files
are run as they are; models, data and logging around them are stand-ins, so that only the weights are computed. The
losses are made up and written with the answers.
Usage: python scripts/make/mixture-oracle.py FOLDER-OF-CLONES
"""

import ast
import importlib.util
import json
import logging
import math
import os
import sys
import types
from typing import Callable, Dict, List, Optional
from unittest.mock import MagicMock

import numpy as np

CLONES = sys.argv[1]
OUT = os.path.join(os.path.dirname(__file__), "..", "..", "test", "fixtures", "mixture", "schedulers.json")


def losses_at(rng, steps, domains):
    """Falling losses with noise, one row for each step."""
    level = 1 + 2 * rng.random(domains)
    speed = 0.1 + 0.4 * rng.random(domains)
    t = np.arange(1, steps + 1)[:, None]
    return level + 4 * t ** -speed + 0.05 * rng.standard_normal((steps, domains))


def source(repository, path):
    with open(os.path.join(CLONES, repository, path)) as file:
        return file.read()


def defined(text, names, scope):
    """Runs only the definitions with these names (functions, methods and classes) of a source text."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node.name in names:
            node.decorator_list = [] if isinstance(node, ast.FunctionDef) else node.decorator_list
            exec(compile(ast.Module([node], []), "authors", "exec"), scope)
    return scope


def skill_it():
    """MWTrainer.train, whole, around a model, data and an evaluator that are stand-ins."""
    import pandas

    scope = {"np": np, "pd": pandas, "torch": MagicMock(), "wandb": MagicMock(), "clip_grad_norm_": MagicMock()}
    scope["tqdm"] = lambda steps: MagicMock()
    scope["torch"].is_tensor = lambda value: False
    scope["AbstractTrainer"] = object
    utils = source("skill-it", "trainer/utils.py")
    defined(utils, {"get_steps", "aggregate_task_category"}, scope)
    scope["create_optimizer_scheduler"] = lambda *a: (MagicMock(), MagicMock())
    scope["get_tokenized_train_dataset"] = lambda *a: None
    scope["get_train_dataloader"] = lambda *a: [{} for _ in range(10**6)]
    defined(source("skill-it", "trainer/mw_trainer.py"), {"MWTrainer"}, scope)
    logger = logging.getLogger("quiet")
    cases = []
    for seed, options in enumerate(
        [
            {},
            {"normalize_loss": True, "eta": 0.2, "mw_window": 2},
            {"dynamic_lambda": True, "eta_schedule": True},
            {"mw_prior": [3.0, 1.0, 0.5, 2.0]},
            {"target_mask": "0110"},
        ]
    ):
        rng = np.random.default_rng(seed)
        k, every, updates, evaluations = 4, 20, 5, 20
        graph = (rng.random((k, k)) * (rng.random((k, k)) < 0.5)).round(3)
        np.fill_diagonal(graph, 1)
        losses = losses_at(rng, evaluations + 1, k)
        args = types.SimpleNamespace(
            **{
                **dict(lr=1, max_steps=every * updates, num_ckpts=evaluations, update_steps=every, batch_size=1, k=k),
                **dict(initialize_loss=False, graph=list(graph.flatten()), graph_path=None, ignore_lone_nodes=False),
                **dict(target_mask=None, mw_prior=None, ni_test=False, mw_init=None, eta=0.5, task_name="lego"),
                **dict(slicer=None, eta_schedule=False, mw_window=3, normalize_loss=False, dynamic_lambda=False),
                **options,
            }
        )
        told, weights = [], []

        def evaluate(*_):
            told.append(losses[len(told)])
            return {i: [types.SimpleNamespace(numpy=lambda v=v: v)] for i, v in enumerate(told[-1])}

        scope["log_val_loss_per_skill"] = lambda *a: None
        data = MagicMock()
        scope["get_train_dataset"] = lambda *a: data
        data.set_proportions = lambda _, w: weights.append((np.array(w) / np.sum(w)).tolist())
        validation = MagicMock()
        validation.get_tokenized_dataset.return_value = (None, None)
        evaluator = MagicMock()
        evaluator.evaluate = evaluate
        scope["MWTrainer"]().train(args, logger, None, MagicMock(), validation, evaluator)
        cases.append(
            dict(options=options, graph=graph.tolist(), every=every, losses=np.array(told).tolist(), weights=weights)
        )
    return cases


def doremi():
    """update_domain_weights and write_weights, token by token, on one excess loss for each domain."""
    import torch

    scope = {"torch": torch, "wandb": MagicMock()}
    defined(source("doremi", "doremi/trainer.py"), {"update_domain_weights", "write_weights", "read_weights"}, scope)
    rng = np.random.default_rng(5)
    k, steps = 5, 40
    reference = (1.5 + rng.random(k)).round(3)
    losses = losses_at(rng, steps, k).round(4)
    model = types.SimpleNamespace(
        train_domain_weights=torch.ones(k, dtype=torch.float64) / k,
        avg_domain_weights=torch.ones(k, dtype=torch.float64) / k,
        perdomain_scores=torch.zeros(k, dtype=torch.float64),
        update_counter=torch.tensor(1),
    )
    arguments = types.SimpleNamespace(doremi_optimizer="doremiv1", reweight_eta=1.0, reweight_eps=1e-4)
    self = types.SimpleNamespace(model=model, args=arguments, domain_list=[f"d{i}" for i in range(k)])
    self.read_weights = lambda: scope["read_weights"](self)
    self.write_weights = lambda w: scope["write_weights"](self, w)
    weights = []
    for row in losses:
        excess = torch.tensor(row - reference)[:, None]
        scope["update_domain_weights"](self, excess, torch.ones_like(excess, dtype=torch.bool), torch.arange(k))
        weights.append(model.train_domain_weights.tolist())
    return dict(
        reference=reference.tolist(),
        losses=losses.tolist(),
        weights=weights,
        average=model.avg_domain_weights.tolist(),
    )


def bandit():
    """Both updaters of data_sampling_utils.py, all domains in every step."""
    scope = {"np": np, "math": math, "List": List, "Dict": Dict, "Optional": Optional, "Callable": Callable}
    text = source("online-data-mixing", "megatron/data/data_sampling_utils.py")
    defined(text, {"Exp3WeightUpdater", "SmoothedMeanWeightUpdater"}, scope)
    rng = np.random.default_rng(6)
    k, steps = 4, 60
    losses = losses_at(rng, steps, k).round(4)
    names = [f"d{i}" for i in range(k)]
    answers = {"losses": losses.tolist()}
    for key, updater in [("mean", scope["SmoothedMeanWeightUpdater"]), ("exp3", scope["Exp3WeightUpdater"])]:
        one = updater(dataset_names=names, weights=[1 / k] * k)
        answers[key] = [one.group_update(names, row.tolist(), t) for t, row in enumerate(losses) if t > 0]
    return answers


def ado():
    """fit_scaling_law on points, and curr_dist of a selector with laws that are given."""
    sys.modules.setdefault("wandb", MagicMock())
    sys.modules.setdefault("gcsfs", MagicMock())
    import jax

    jax.config.update("jax_enable_x64", True)
    spec = importlib.util.spec_from_file_location("ado", os.path.join(CLONES, "ado", "src/data_selectors/ado.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    rng = np.random.default_rng(7)
    k, batch = 4, 64
    sizes = np.array([5e9, 1e9, 2e8, 4e7])
    selector = module.AdoSelector(k, sizes, 1024, ignore_steps=0, start_step=10)
    samples = np.arange(10, 1280, 10) * batch
    fits = []
    for i in range(k):
        irreducible, scale, exponent = 1.7 + rng.random(), 2 + 3 * rng.random(), 0.15 + 0.4 * rng.random()
        noise = np.exp(0.01 * rng.standard_normal(len(samples)))
        losses = ((irreducible + np.exp(scale) * samples**-exponent) * noise).round(5)
        params, _ = module.fit_scaling_law(jax.numpy.asarray(samples, float), jax.numpy.asarray(losses), selector.mesh)
        value = float(module.loss_fn(params, jax.numpy.asarray(samples, float), jax.numpy.asarray(losses)))
        fits.append(dict(losses=losses.tolist(), law=[float(p) for p in params], value=value))
    selector.current_params = np.array([f["law"] for f in fits])
    steps = []
    for step in range(40):
        counts = rng.multinomial(batch, selector.p / selector.p.sum())
        ids = np.repeat(np.arange(k), counts)
        selector.update_interval = 10**9
        selector.update(ids, np.ones(batch), step, 1e-3, metrics={})
        dist = selector.curr_dist(step)
        steps.append(dict(counts=counts.tolist(), weights=None if dist is None else np.array(dist).tolist()))
    return dict(sizes=sizes.tolist(), batch=batch, samples=samples.tolist(), fits=fits, begin=10, steps=steps)


def pacing():
    scope = {"Callable": Callable}
    exec(source("CLIMB", "src/data_curriculum/pacing_fn.py"), scope)
    settings = dict(total_steps=400, start_percent=0.0625, end_percent=0.875, starting_difficulty=0.1)
    return {
        name: [float(scope["get_pacing_fn"](name, **settings)(step)) for step in range(0, 401, 8)]
        for name in ["linear", "quad", "root", "step", "exp", "log"]
    }


answers = dict(skillIt=skill_it(), doremi=doremi(), bandit=bandit(), ado=ado(), pacing=pacing())
with open(OUT, "w") as file:
    json.dump(answers, file, separators=(",", ":"))
    file.write("\n")
print({key: len(json.dumps(value)) for key, value in answers.items()})
