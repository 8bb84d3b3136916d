#!/usr/bin/env python3
"""The errors of every operation against float64, beside those of torch doing the same in its own way.

  accuracy.py --library libgradmimic.so --out accuracy.json [--device cuda|cpu|emulated] [--seed N] [--problems 24] [OPERATION ...]

Fresh random inputs in every type at awkward shapes: sizes about those of warps and tiles, rows that begin anywhere, tokens
without gradient. Torch's way is what one writes without gradmimic: products in the type of the inputs (never TF32),
softmax and losses in float, as autocast has them. An error is divided by the magnitude of what was added up; of each
operation, type and output the largest and the root mean square over all problems may be at most twice torch's, and half a
unit of the type the output is stored in, which rounding costs whoever is exact.
"""
import argparse
import math
import os
import random
import sys
import time

import torch
from torch.nn.functional import normalize

from library import NORMED_PROJ, Library, array, write
from gradmimic._abi import (
    Array, ClipScores, Direction, GhostDot, GhostNorm, HeadScore, HeadStep, MimicWeights, ProjectedDot, RowDot, ScaleRows, Weighting)

TYPES = {"f32": torch.float32, "f16": torch.float16, "bf16": torch.bfloat16}
SIZES = [1, 2, 3, 7, 8, 31, 32, 33, 63, 64, 65, 100, 127, 128, 129, 255, 257, 384, 513, 1000]
TEMPERATURE = 0.5
FORMS = {"float": 1, "mma": 2, "wgmma": 3}  # gm_ghost_dot_args.form; only GM_CUDA has more than one
LARGEST = 1 << 24  # multiply-adds of a problem


class Problem:
    """Random shapes and numbers of one type on one device."""

    def __init__(self, dtype, device, dice):
        self.dtype, self.device, self.dice = dtype, device, dice

    def sizes(self, count, limit=LARGEST):
        while True:
            sizes = [self.dice.choice(SIZES) for _ in range(count)]
            if math.prod(sizes) <= limit:
                return sizes

    def odd(self, tensor):
        """The same numbers in rows that begin anywhere, or (one time in three) as they are."""
        before, behind = self.dice.choice([(0, 0), (1, 2), (8, 8)])
        wide = torch.full((*tensor.shape[:-1], before + tensor.shape[-1] + behind), float("nan"), dtype=tensor.dtype, device=self.device)
        wide[..., before:before + tensor.shape[-1]] = tensor
        return wide[..., before:before + tensor.shape[-1]]

    def normal(self, *shape, dtype=None, scale=1.0):
        return self.odd((torch.randn(*shape, device=self.device) * scale).to(dtype or self.dtype))

    def out(self, *shape, dtype=torch.float32):
        return torch.full(shape, float("nan"), dtype=dtype, device=self.device)

    def labels(self, B, C):
        return torch.randint(C, (B,), device=self.device)

    def silence(self, delta):
        """delta [B,T,O] with none, some or most tokens without gradient."""
        share = self.dice.choice([0, 0.3, 0.9])
        return self.odd(delta * (torch.rand(*delta.shape[:2], 1, device=self.device) >= share))


class Results(list):
    """(output, ours, torch's, exact, magnitude) of one problem."""

    def add(self, output, ours, theirs, exact, magnitude):
        self.append((output, ours, theirs, exact, magnitude))


def row_dot(library, problem):
    B, T, O = problem.sizes(3, 1 << 21)
    u, d = (problem.normal(B, T, O) for _ in range(2))
    dot = problem.out(B)
    library.operation("row_dot", RowDot(array(u), array(d), array(dot)), ())()
    products = u.double() * d.double()
    results = Results()
    results.add("dot", dot, (u * d).sum((1, 2)), products.sum((1, 2)), products.abs().sum((1, 2)))
    return results


def projected_dot(library, problem):
    B, P = problem.sizes(2)
    g, v = problem.normal(B, P), problem.normal(1, P)[0]
    dot, norm, total = problem.out(B), problem.out(B), problem.out(1, dtype=torch.float64)
    library.operation("projected_dot", ProjectedDot(array(g), array(v), array(dot), array(norm), total.data_ptr()), ())()
    wide, results = g.double(), Results()
    results.add("dot", dot, g @ v, wide @ v.double(), wide.abs() @ v.double().abs())
    results.add("norm_squared", norm, (g * g).sum(1), wide.square().sum(1), wide.square().sum(1))
    results.add("direction_norm_squared", total, (v @ v)[None], v.double().square().sum()[None], v.double().square().sum()[None])
    return results


def ghost_dot(library, problem):
    B, T, I, O = problem.sizes(4)
    a, v, d = problem.normal(B, T, I), problem.normal(O, I), problem.silence(problem.normal(B, T, O))
    dot = problem.out(B)
    library.operation("ghost_dot", GhostDot(array(a), array(d), array(v), array(dot)), ())()
    wide = [x.double() for x in (a, v, d)]
    exact, magnitude = (((x @ y.T) * z).sum((1, 2)) for x, y, z in (wide, [w.abs() for w in wide]))
    results, theirs = Results(), ((a @ v.T) * d).sum((1, 2))
    results.add("dot", dot, theirs, exact, magnitude)
    for name, number in FORMS.items():  # whichever would be taken
        forced = problem.out(B)
        try:
            library.operation("ghost_dot", GhostDot(array(a), array(d), array(v), array(forced), number), ())()
        except RuntimeError:  # a form that this device, dtype or alignment does not have
            continue
        results.add(f"dot by {name}", forced, theirs, exact, magnitude)
    return results


def ghost_norm(library, problem):
    B, T, I, O = problem.sizes(4)
    a, d = problem.normal(B, T, I), problem.silence(problem.normal(B, T, O))
    norm = problem.out(B)
    library.operation("ghost_norm", GhostNorm(array(a), array(d), array(norm)), ())()

    def by_gradients(a, d, wide):
        return (d.transpose(1, 2) @ a).to(wide).square().sum((1, 2))  # squares would leave f16's range

    exact, results = by_gradients(a.double(), d.double(), torch.float64), Results()
    results.add("norm_squared", norm, by_gradients(a, d, torch.float32), exact, exact)
    return results


def direction(library, problem):
    shapes = [problem.sizes(1)[0] for _ in range(problem.dice.choice([1, 7, 40]))]
    reference, parameter = ([torch.randn(n, device=problem.device).to(problem.dtype) for n in shapes] for _ in range(2))
    v, norms, total = [problem.out(n) for n in shapes], problem.out(len(shapes), dtype=torch.float64), problem.out(1, dtype=torch.float64)
    lists = [(Array * len(shapes))(*(array(x) for x in tensors)) for tensors in (reference, parameter, v)]
    args = Direction(len(shapes), *lists, norms.data_ptr(), total.data_ptr(), None)
    library.operation("direction", args, lists)()
    exact = [x.double() - y.double() for x, y in zip(reference, parameter)]
    theirs = torch._foreach_sub(reference, parameter)
    squares = torch.stack([x.square().sum() for x in exact])
    results = Results()
    results.add("direction", torch.cat(v), torch.cat(theirs), torch.cat(exact), torch.cat(exact).abs() + 1e-3)
    results.add("norm_squared", norms, torch.stack(torch._foreach_norm(theirs)).double().square(), squares, squares)
    results.add("total_norm_squared", total, torch.cat(theirs).square().sum()[None], squares.sum()[None], squares.sum()[None])
    return results


def losses_and_deltas(z, labels):
    log_p = torch.log_softmax(z, 1)
    loss = -log_p.gather(1, labels[:, None])[:, 0]
    return loss, log_p.exp().scatter_add(1, labels[:, None], torch.full_like(loss, -1)[:, None])


def head_step(library, problem):
    B, C = problem.sizes(2, 1 << 20)
    z, u, labels = problem.normal(B, C, scale=3), problem.normal(B, C), problem.labels(B, C)
    norm = torch.full((1,), float(C), dtype=torch.float64, device=problem.device)
    loss, score, weight, delta = problem.out(B), problem.out(B), problem.out(B), problem.out(B, C)
    args = HeadStep()
    args.logits, args.projected, args.labels, args.direction_norm_squared = array(z), array(u), array(labels), norm.data_ptr()
    args.weighting = Weighting(NORMED_PROJ, 0, TEMPERATURE, 0)
    args.loss, args.score, args.weight, args.delta = (array(x) for x in (loss, score, weight, delta))
    library.operation("head_step", args, ())()

    def way(z, u):
        loss, delta = losses_and_deltas(z, labels)
        score = -(delta * u).sum(1) / norm.sqrt().to(z.dtype)
        return loss, score, torch.softmax(score / TEMPERATURE, 0), delta

    exact, theirs = way(z.double(), u.double()), way(z.float(), u.float())
    added = (exact[3].abs() * u.double().abs()).sum(1) / norm.sqrt()
    largest = z.double().abs().amax(1) + 1
    results = Results()
    results.add("loss", loss, theirs[0], exact[0], largest + exact[0])
    results.add("score", score, theirs[1], exact[1], added * largest)
    results.add("weight", weight, theirs[2], exact[2], exact[2] * (1 + (added * largest).max() / TEMPERATURE))
    results.add("delta", delta, theirs[3], exact[3], largest[:, None])
    return results


def head_score(library, problem):
    B, I, C = problem.sizes(3)
    h, labels = problem.normal(B, I), problem.labels(B, C)
    weight, v = (problem.normal(C, I, dtype=torch.float32, scale=I ** -0.5) for _ in range(2))
    norm = v.double().square().sum()[None]
    loss, score, gradient_norm = (problem.out(B) for _ in range(3))
    args = HeadScore()
    args.features, args.labels, args.weight, args.direction = array(h), array(labels), array(weight), array(v)
    args.direction_norm_squared = norm.data_ptr()
    args.loss, args.score, args.gradient_norm = (array(x) for x in (loss, score, gradient_norm))
    library.operation("head_score", args, ())()

    def way(h, weight, v):
        loss, delta = losses_and_deltas(h @ weight.T, labels)
        return loss, -(delta * (h @ v.T)).sum(1) / norm.sqrt().to(h.dtype), delta.norm(dim=1) * h.norm(dim=1), delta

    exact, theirs = way(h.double(), weight.double(), v.double()), way(h.float(), weight, v)
    large = (h.double().abs() @ weight.double().abs().T).amax(1) + 1  # of what a logit is the sum of
    steep = h.double().norm(dim=1)
    results = Results()
    results.add("loss", loss, theirs[0], exact[0], large + exact[0])
    results.add("score", score, theirs[1], exact[1], large * steep)
    results.add("gradient_norm", gradient_norm, theirs[2], exact[2], large * steep)
    return results


def mimic_weights(library, problem):
    B = problem.sizes(1)[0] * problem.dice.choice([1, 1, 65])
    score, weight = torch.randn(B, device=problem.device) * 3, problem.out(B)
    args = MimicWeights()
    args.score, args.weight, args.weighting = array(score), array(weight), Weighting(NORMED_PROJ, 0, TEMPERATURE, 0)
    library.operation("mimic_weights", args, ())()
    exact, results = torch.softmax(score.double() / TEMPERATURE, 0), Results()
    results.add("weight", weight, torch.softmax(score / TEMPERATURE, 0), exact, exact * (1 + score.double().abs().max() / TEMPERATURE))
    return results


def scale_rows(library, problem):
    R, D = problem.sizes(2)
    rows, weight = problem.normal(R, D), torch.rand(R, device=problem.device)
    output = problem.odd(torch.zeros(R, D, dtype=problem.dtype, device=problem.device))
    library.operation("scale_rows", ScaleRows(array(rows), array(weight), array(output), 1.0), ())()
    exact, results = weight.double()[:, None] * rows.double(), Results()
    results.add("output", output, (weight[:, None] * rows.float()).to(problem.dtype), exact, exact.abs() + 1e-3)
    return results


def clip_scores(library, problem):
    B, E = problem.sizes(2, 1 << 17)
    f, g, df, dg = inputs = [problem.normal(B, E) for _ in range(4)]
    loss, score = problem.out(B), problem.out(B)
    args = ClipScores()
    args.image, args.text, args.image_tangent, args.text_tangent = (array(x) for x in inputs)
    terms = torch.tensor([14.0, 0.0, 0.5, 0.0], dtype=torch.float64, device=problem.device)  # scale, bias and their tangents
    args.logit_terms = terms.data_ptr()
    args.loss, args.score = array(loss), array(score)
    library.operation("clip_scores", args, ())()

    def losses(f, g, scale):
        z = scale * normalize(f, dim=1) @ normalize(g, dim=1).T
        return (z.logsumexp(1) + z.logsumexp(0)) / 2 - z.diagonal()

    def way(dtype):
        scale, tangent = (torch.tensor(x, dtype=dtype, device=problem.device) for x in (14.0, 0.5))
        return torch.func.jvp(losses, (f.to(dtype), g.to(dtype), scale), (df.to(dtype), dg.to(dtype), tangent))

    exact, theirs = way(torch.float64), way(torch.float32)
    large = torch.full_like(exact[0], 15.0)
    # A feature moves by its tangent over its length.
    moved = sum((x.double().norm(dim=1) / y.double().norm(dim=1)).max() for x, y in ((df, f), (dg, g))) + 1
    results = Results()
    results.add("loss", loss, theirs[0], exact[0], large)
    results.add("score", score, -theirs[1], -exact[1], large * moved)
    return results


OPERATIONS = [row_dot, projected_dot, ghost_dot, ghost_norm, direction, head_step, head_score, mimic_weights, scale_rows, clip_scores]
HALF_UNIT = {torch.float64: 2.0 ** -53, torch.float32: 2.0 ** -24, torch.float16: 2.0 ** -11, torch.bfloat16: 2.0 ** -8}


class Errors:
    """Of one output over all problems."""

    def __init__(self):
        self.count, self.largest, self.squares = 0, [0.0, 0.0], [0.0, 0.0]

    def add(self, ours, theirs, exact, magnitude):
        self.half_unit = HALF_UNIT[ours.dtype]
        self.count += exact.numel()
        for side, values in enumerate((ours, theirs)):
            error = (values.double() - exact).abs()
            error = torch.where(error == 0, error, error / magnitude)
            # max() of Python would pass NaN over.
            self.largest[side] = torch.tensor([self.largest[side], error.max().item()]).max().item()
            self.squares[side] += error.square().sum().item()

    def judged(self):
        rms = [math.sqrt(s / self.count) for s in self.squares]
        met = all(ours <= 2 * theirs + self.half_unit for ours, theirs in (self.largest, rms))  # false for NaN
        return {"values": self.count, "largest": self.largest[0], "torch_largest": self.largest[1], "rms": rms[0], "torch_rms": rms[1], "met": met}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--library", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--device", choices=["cuda", "cpu", "emulated"], default="cuda")
    parser.add_argument("--seed", type=int, default=time.time_ns() % (1 << 32), help="of the time without one; it is in the JSON")
    parser.add_argument("--problems", type=int, default=24, help="of each operation and type")
    parser.add_argument("--types", nargs="+", choices=TYPES, default=list(TYPES), help="some torches have no f16 products on the CPU")
    parser.add_argument("operations", nargs="*", metavar="OPERATION")
    options = parser.parse_args()
    unknown = set(options.operations) - {operation.__name__ for operation in OPERATIONS}
    if unknown:
        parser.error(f"no operation: {', '.join(sorted(unknown))}")
    torch.manual_seed(options.seed)
    torch.backends.cuda.matmul.allow_tf32 = False
    library = Library(options.library, options.device)
    name = torch.cuda.get_device_properties(0).name if options.device == "cuda" else options.device
    options.device = library.device
    document = {"command": " ".join([os.path.basename(sys.argv[0])] + sys.argv[1:]), "gradmimic": library.c.gm_version().decode(), "device": name,
                "torch": torch.__version__, "cuda": torch.version.cuda, "seed": options.seed, "problems": options.problems, "operations": []}
    print(f"seed {options.seed}\n{'operation':14} {'type':5} {'output':24} {'largest':>9} {'torch':>9} {'rms':>9} {'torch':>9}")
    missed = 0
    for operation in OPERATIONS:
        if options.operations and operation.__name__ not in options.operations:
            continue
        for label in options.types:
            dtype = TYPES[label]
            if operation is mimic_weights and dtype != torch.float32:
                continue  # scores are floats always
            problem, errors = Problem(dtype, options.device, random.Random(f"{options.seed} {operation.__name__} {label}")), {}
            for _ in range(options.problems):
                for output, *values in operation(library, problem):
                    errors.setdefault(output, Errors()).add(*values)
            for output, error in errors.items():
                judged = error.judged()
                missed += not judged["met"]
                document["operations"].append({"operation": operation.__name__, "type": label, "output": output, **judged})
                print(f"{operation.__name__:14} {label:5} {output:24} {judged['largest']:9.2e} {judged['torch_largest']:9.2e} {judged['rms']:9.2e} "
                      f"{judged['torch_rms']:9.2e} {'' if judged['met'] else 'MISSED'}")
        write(options.out, document)
    print("all within twice torch's errors" if not missed else f"{missed} outputs beyond twice torch's errors")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
