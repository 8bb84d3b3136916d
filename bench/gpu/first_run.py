#!/usr/bin/env python3
"""The steps of first_run.sh that need Python: each prints its results as one line of JSON.

  first_run.py STEP --pack DIR [--device cuda|emulated]

Steps: versions, races, ghost_dot, head_step, replay, bandwidth, rivals, model. "emulated" is the rehearsal: tensors on the CPU,
libraries whose GM_CUDA is the tests' emulator, tiny shapes; its times mean nothing.
"""
import argparse
import ctypes
import json
import os
import platform
import sys

import torch

import bench
import timing
from library import NORMED_PROJ, Library, array
from gradmimic._abi import Array, GhostDot, HeadStep, ProjectedDot, RowDot, ScaleRows, Weighting

FORMS = {"float": 1, "mma": 2, "wgmma": 3}
LIBRARIES = {"new": "libgradmimic.so", "old": "libgradmimic_old.so", "without copies": "libgradmimic_without_copies.so"}


class Run:
    def __init__(self, options):
        self.options, self.small = options, options.device == "emulated"
        self.device = "cpu" if self.small else "cuda"
        self.left_out = {}

    def library(self, which="new"):
        """One of the pack's, or None with the reason in left_out."""
        path = os.path.join(self.options.pack, LIBRARIES[which])
        if not os.path.exists(path):
            self.left_out[which] = "not in the pack"
            return None
        return Library(path, self.options.device)

    def normal(self, *shape, dtype=torch.float32):
        return torch.randn(*shape, device=self.device).to(dtype)

    def empty(self, *shape, dtype=torch.float32):
        return torch.full(shape, float("nan"), device=self.device, dtype=dtype)

    def compare(self, contestants):
        return timing.compare(contestants, rounds=3 if self.small else 11, least=0 if self.small else 2e-3)


def medians(times):
    return {name: t["median"] for name, t in times.items()}


def versions(run):
    found = {"python": platform.python_version(), "torch": torch.__version__, "cuda": torch.version.cuda, "has": {
        "torch.func": hasattr(torch, "func"), "torch.compile": hasattr(torch, "compile")}}
    if not run.small:
        p = torch.cuda.get_device_properties(0)
        found |= {"device": p.name, "capability": f"{p.major}.{p.minor}", "processors": p.multi_processor_count, "memory": p.total_memory}
    library = run.library()
    found["gradmimic"] = library.c.gm_version().decode()
    found["forms"] = forms_of(run, library)
    if not found["forms"]:
        raise RuntimeError(f"no form of ghost_dot runs: {run.left_out}")
    if found.get("capability") == "9.0" and "wgmma" not in found["forms"]:
        raise RuntimeError("the device is a Hopper and the library has no wgmma form: it was not built for 90a-real")
    return found


def ghost_inputs(run, tokens, I, O, dtype):
    return run.normal(tokens, 1, I, dtype=dtype), run.normal(tokens, 1, O, dtype=dtype), run.normal(O, I, dtype=dtype), run.empty(tokens)


class Array1(ctypes.Structure):
    """An array of version 1 of the interface, which the old loader's library has: without its device."""
    _fields_ = Array._fields_[:5]


class GhostDot1(ctypes.Structure):
    _fields_ = [(name, Array1) for name in ("input", "delta", "direction", "dot")] + [("form", ctypes.c_int32)]


def ghost_call(library, inputs, form, no_zero_tokens=0):
    arrays = [array(x) for x in inputs]
    if library.c.gm_abi_version() == 1:
        args = GhostDot1(*(Array1(*(getattr(x, name) for name, _ in Array1._fields_)) for x in arrays), FORMS[form])
    else:
        args = GhostDot(*arrays, FORMS[form], no_zero_tokens)
    return library.operation("ghost_dot", args, inputs)


def forms_of(run, library):
    inputs, found = ghost_inputs(run, 8, 64, 64, torch.bfloat16), []
    only = os.environ.get("GRADMIMIC_FIRST_RUN_FORM")  # call 2's forms one by one
    for form in [only] if only else FORMS:
        try:
            ghost_call(library, inputs, form)()
            found.append(form)
        except RuntimeError as error:
            run.left_out[form] = str(error)
    return found


def races(run):
    """Each form, by both loaders, again and again on fresh data: two calls give the same bits, and the loaders the same but for rounding."""
    times, shape = (3, (70, 72, 136)) if run.small else (200, (3000, 776, 1000))
    libraries = {name: found for name in ("new", "old") if (found := run.library(name)) is not None}
    different = {}
    for form in forms_of(run, libraries["new"]):
        for n in range(times):
            inputs = ghost_inputs(run, *shape, torch.bfloat16)
            inputs[1][::7] = 0  # tokens without gradient
            found = {}
            for name, library in libraries.items():
                call = ghost_call(library, inputs, form)
                for again in range(2):
                    inputs[3].fill_(float("nan"))
                    call()
                    bits = inputs[3].clone()
                    first = found.setdefault(name, bits)
                    if not torch.equal(bits, first) or bool(bits.isnan().any()):
                        different[f"{form} {name}"] = different.get(f"{form} {name}", 0) + 1
            # The old library adds what a row has met of delta in another order.
            apart = max((dots - found["new"]).abs().max().item() for dots in found.values())
            if not apart <= 1e-3 * found["new"].abs().max().item():
                different[f"{form} between the libraries"] = different.get(f"{form} between the libraries", 0) + 1
    if different:
        raise RuntimeError(f"bits differ: {different}")
    return {"repetitions": times, "libraries": list(libraries), "different": different}


def ghost_dot(run):
    shapes = [(300, 128, 200)] if run.small else [(16384, 768, 3072), (65536, 1024, 4096), (16384, 3072, 768), (32, 4096, 4096), (1024, 4096, 4096)]
    found = []
    for shape in shapes:
        inputs = [ghost_inputs(run, *shape, torch.bfloat16) for _ in range(1 if run.small else 2)]
        contestants = {"product alone": [lambda x=x: x[0][:, 0] @ x[2].T for x in inputs]}
        for name in LIBRARIES:
            library = run.library(name)
            for form in forms_of(run, library) if library is not None else ():
                if name == "new" or form == "wgmma":  # the loaders are wgmma's
                    contestants[f"{form} {name}"] = [ghost_call(library, x, form) for x in inputs]
                if name == "new":
                    contestants[f"{form} new, no zero tokens"] = [ghost_call(library, x, form, 1) for x in inputs]
        found.append({"shape": shape, "seconds": medians(run.compare(contestants))})
    return found


def head_call(run, library, B, C):
    logits, u, labels = run.normal(B, C), run.normal(B, C), torch.randint(C, (B,), device=run.device)
    norm = torch.ones(1, device=run.device, dtype=torch.float64)
    args, outputs = HeadStep(), [run.empty(B), run.empty(B), run.empty(B), run.empty(B, C)]
    args.logits, args.projected, args.labels, args.direction_norm_squared = array(logits), array(u), array(labels), norm.data_ptr()
    args.weighting = Weighting(NORMED_PROJ, 0, 0.5, 0)
    args.loss, args.score, args.weight, args.delta = (array(x) for x in outputs)
    return library.operation("head_step", args, (logits, u, labels, norm, outputs))


def head_step(run):
    found = []
    for B, C in [(40, 100), (40, 2000)] if run.small else [(4096, 1000), (65536, 1000), (65536, 10), (4096, 4096), (256, 100000)]:
        a, b = run.empty(B * C * 12 // 8), run.empty(B * C * 12 // 8)
        contestants = {"head_step": [head_call(run, run.library(), B, C)], "copy": [lambda: b.copy_(a)]}
        found.append({"shape": (B, C), "seconds": medians(run.compare(contestants))})
    return found


def replay(run):
    """Small batches, 32 calls a graph, beside launches that do nothing."""
    found = []
    for B in (8, 16) if run.small else (32, 64, 128, 256):
        contestants = {"head_step": [head_call(run, run.library(), B, 100 if run.small else 1000)],
                       "empty launch": [(lambda: None) if run.small else (lambda: torch.cuda._sleep(0))]}
        found.append({"B": B, "seconds": medians(run.compare(contestants))})
    return found


def bandwidth(run):
    """What memory limits, beside a sum or a copy of the same bytes."""
    library, found = run.library(), {}
    for B, P in [(6, 5000), (50, 70)] if run.small else [(32, 8_000_000), (1_000_000, 500)]:
        g, v, out = run.normal(B, P), run.normal(P), (run.empty(B), run.empty(B), run.empty(1, dtype=torch.float64))
        args = ProjectedDot(array(g), array(v), array(out[0]), array(out[1]), out[2].data_ptr())
        found[f"projected_dot {B} x {P}"] = medians(run.compare({"ours": [library.operation("projected_dot", args, (g, v, out))],
                                                              "sum of G and v": [lambda: (g.sum(), v.sum())]}))
        del g
    B, T, O = (3, 5, 72) if run.small else (256, 197, 768)
    u, d, dot = run.normal(B, T, O), run.normal(B, T, O), run.empty(B)
    found["row_dot"] = medians(run.compare({"ours": [library.operation("row_dot", RowDot(array(u), array(d), array(dot)), (u, d, dot))],
                                            "sum of both": [lambda: (u.sum(), d.sum())]}))
    rows, weight, output = run.normal(B * T, O), run.normal(B * T), run.empty(B * T, O)
    found["scale_rows"] = medians(run.compare({
        "ours": [library.operation("scale_rows", ScaleRows(array(rows), array(weight), array(output), 1.0), (rows, weight, output))],
        "copy": [lambda: output.copy_(rows)]}))
    if run.small:
        run.left_out["direction"] = "needs a device here"
    else:
        times, _, _ = bench.direction(library, bench.VIT_B)
        found["direction, ViT-B/16"] = medians(times)
    return found


def rivals(run):
    """ghost_dot and head_step beside torch eager and compiled."""
    compile = hasattr(torch, "compile") and not run.small
    if not compile:
        run.left_out["torch.compile"] = "needs a device here" if run.small else f"torch {torch.__version__} has none"
    B, C = (16, 40) if run.small else (4096, 1000)
    inputs = [(run.normal(B, C), run.normal(B, C), torch.randint(C, (B,), device=run.device), torch.ones(1, device=run.device, dtype=torch.float64))]
    contestants = timing.with_rivals([head_call(run, run.library(), B, C)], bench.head_in_torch, inputs, compile=compile)
    found = {"head_step": medians(run.compare(contestants))}
    x = [ghost_inputs(run, *((64, 64, 64) if run.small else (16384, 768, 3072)), torch.bfloat16)]
    form = "wgmma" if "wgmma" in forms_of(run, run.library()) else "mma"
    contestants = timing.with_rivals([ghost_call(run.library(), x[0], form)], lambda a, d, v, _: ((a @ v.T) * d).sum((1, 2), dtype=torch.float32), x,
                                     compile=compile)
    return found | {"ghost_dot": medians(run.compare(contestants))}


class Vit(torch.nn.Module):
    """ViT-B/16's shapes: patches, blocks with the norm first, one token's feature."""

    def __init__(self, side, width, depth, heads):
        super().__init__()
        self.patches = torch.nn.Conv2d(3, width, 16, 16)
        self.token = torch.nn.Parameter(torch.zeros(1, 1, width))
        self.places = torch.nn.Parameter(torch.randn(1, (side // 16) ** 2 + 1, width) * 0.02)
        block = torch.nn.TransformerEncoderLayer(width, heads, 4 * width, 0.0, "gelu", batch_first=True, norm_first=True)
        self.blocks = torch.nn.TransformerEncoder(block, depth, enable_nested_tensor=False) if depth else torch.nn.Identity()
        self.norm = torch.nn.LayerNorm(width)

    def forward(self, pictures):
        x = self.patches(pictures).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(len(x), -1, -1), x], 1) + self.places
        return self.norm(self.blocks(x)[:, 0])


def model(run):
    """A step with the head as mimic layer, its numbers from head_step, beside a plain step and per-sample gradients by torch.func."""
    side, width, depth, heads, C, B = (32, 32, 1, 2, 10, 4) if run.small else (224, 768, 12, 12, 1000, 32)
    library, vit, head = run.library(), Vit(side, width, depth, heads).to(run.device), torch.nn.Linear(width, C).to(run.device)
    reference = head.weight.detach() + 0.01 * run.normal(C, width)
    optimizer = torch.optim.AdamW([*vit.parameters(), *head.parameters()], 1e-4)
    pictures, labels = run.normal(B, 3, side, side), torch.randint(C, (B,), device=run.device)

    def plain():
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(head(vit(pictures)), labels).backward()
        optimizer.step()

    def mimic():
        optimizer.zero_grad()
        features = vit(pictures)
        with torch.no_grad():
            v = reference - head.weight
            norm = v.double().square().sum()[None]
            logits, u = torch.nn.functional.linear(features, head.weight, head.bias), features @ v.T
            loss, score, weight, delta, weighted = run.empty(B), run.empty(B), run.empty(B), run.empty(B, C), run.empty(B, C)
            args = HeadStep()
            args.logits, args.projected, args.labels, args.direction_norm_squared = array(logits), array(u), array(labels), norm.data_ptr()
            args.weighting = Weighting(NORMED_PROJ, 0, 0.5, 0)
            args.loss, args.score, args.weight, args.delta, args.weighted_delta = (array(x) for x in (loss, score, weight, delta, weighted))
            library.operation("head_step", args, (logits, u, norm, loss, score, weight, delta, weighted))()
            head.weight.grad, head.bias.grad = weighted.T @ features, delta.mean(0)
        features.backward(delta @ head.weight.detach() / B)
        optimizer.step()
        return score

    def by_gradients():
        features = vit(pictures)
        function = lambda w, h, y: torch.nn.functional.cross_entropy((h @ w.T)[None], y[None])
        per_sample = torch.func.vmap(torch.func.grad(function), in_dims=(None, 0, 0))(head.weight, features.detach(), labels)
        scores = -(per_sample * (reference - head.weight.detach())).sum((1, 2))
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(head(features), labels).backward()
        head.weight.grad = torch.einsum("n,nij->ij", torch.softmax(scores, 0), per_sample)
        optimizer.step()

    score = mimic()
    if not bool(score.isfinite().all()):
        raise RuntimeError("a step's scores are not finite")
    steps = {"plain": [plain], "mimic": [mimic]}
    if hasattr(torch, "func"):
        steps["torch.func"] = [by_gradients]
    else:
        run.left_out["torch.func"] = f"torch {torch.__version__} has none"
    # Steps allocate and change what they read: they are timed uncaptured, by the device's events.
    for calls in steps.values():
        for _ in range(2):
            calls[0]()
    rounds = {name: [] for name in steps}
    for _ in range(3 if run.small else 31):
        for name, calls in steps.items():
            rounds[name].append(timing.seconds(calls[0], 1 if run.small else 3))
    return {name: sorted(times)[len(times) // 2] for name, times in rounds.items()}


STEPS = {step.__name__: step for step in (versions, races, ghost_dot, head_step, replay, bandwidth, rivals, model)}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("step", choices=STEPS)
    parser.add_argument("--pack", required=True)
    parser.add_argument("--device", choices=["cuda", "emulated"], default="cuda")
    options = parser.parse_args()
    torch.manual_seed(1)
    torch.backends.cuda.matmul.allow_tf32 = False
    run = Run(options)
    try:
        document = {"results": STEPS[options.step](run)}
    except Exception as error:
        document = {"error": f"{type(error).__name__}: {error}"}
    if run.left_out:
        document["left_out"] = run.left_out
    print(json.dumps(document))
    return 1 if "error" in document else 0


if __name__ == "__main__":
    sys.exit(main())
