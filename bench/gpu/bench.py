#!/usr/bin/env python3
"""Kernels of GM_CUDA against torch doing the same, a device copy and plain products, on one GPU.

  bench.py --library libgradmimic.so --out bench.json [--seconds 500] [--compile] [CASE ...]

Every case compares in turns, round by round, on torch's current stream, with inputs rotated so that the second-level
cache does not answer. The JSON is rewritten after every case; a short table goes to stdout. A case that would begin
after the time is up is left out by name. The cases "forms of ghost_dot" time every form that this device has, whichever
gm_ghost_dot would take: "ghost_dot_forms" in the JSON has what was chosen and what was fastest, and "ghost_dot_rates" the
constants of native/src/cuda/ghost_dot_plan.h that fit.
"""
import argparse
import ctypes
import json
import os
import statistics
import sys
import time

import torch

from library import NORMED_PROJ, Library, array, write
from gradmimic._abi import Array, ClipScores, Direction, GhostDot, GhostNorm, HeadScore, HeadStep, ProjectedDot, RowDot, Weighting
from timing import compare, rotations, with_rivals

COMPILE = False  # by --compile: torch.compile takes longer than everything else here
FORMS = {"float": 1, "mma": 2, "wgmma": 3}  # gm_ghost_dot_args.form; 4: a product and row_dot, an answer of gm_ghost_dot_form
FOUND_FORMS = []  # by ghost_dot_forms


def agree(name, ours, exact, scale):
    error = ((ours.double() - exact).abs() / scale.clamp_min(1e-300)).max().item()
    if not error < 1e-2:  # a gross check; cuda_test has the bounds
        raise RuntimeError(f"{name} is {error:.3g} off")
    return error


def projected_dot(library, B, P, dtype):
    count = min(8, rotations(B * P * dtype.itemsize))
    inputs = [(torch.randn(B, P, device="cuda").to(dtype), torch.randn(P, device="cuda")) for _ in range(count)]
    ours, outputs = [], []
    for g, v in inputs:
        out = (torch.empty(B, device="cuda"), torch.empty(B, device="cuda"), torch.empty(1, device="cuda", dtype=torch.float64))
        args = ProjectedDot(array(g), array(v), array(out[0]), array(out[1]), out[2].data_ptr())
        ours.append(library.operation("projected_dot", args, (g, v, out)))
        outputs.append(out)
    ours[0]()
    g, v = inputs[0]
    rows = max(1, (1 << 26) // P)  # at a time in double
    exact = torch.cat([part.double() @ v.double() for part in g.split(rows)])
    lengths = torch.cat([part.double().norm(dim=1) for part in g.split(rows)])
    agree("projected_dot", outputs[0][0], exact, lengths * v.double().norm())
    contestants = with_rivals(ours, lambda g, v: (g.float() @ v, (g.float() ** 2).sum(1), v @ v), inputs, COMPILE)
    contestants["sum of G and v"] = [lambda g=g, v=v: (g.sum(dtype=torch.float32), v.sum()) for g, v in inputs]
    return compare(contestants), B * P * dtype.itemsize + 4 * P, "sum of G and v"


def row_dot(library, B, T, O, dtype):
    count = min(16, rotations(2 * B * T * O * dtype.itemsize))
    inputs = [tuple(torch.randn(B, T, O, device="cuda").to(dtype) for _ in range(2)) for _ in range(count)]
    ours = []
    for u, d in inputs:
        dot = torch.empty(B, device="cuda")
        ours.append(library.operation("row_dot", RowDot(array(u), array(d), array(dot)), (u, d, dot)))
    contestants = with_rivals(ours, lambda u, d: (u.float() * d.float()).sum((1, 2)), inputs, COMPILE)
    contestants["sum of both"] = [lambda u=u, d=d: (u.sum(dtype=torch.float32), d.sum(dtype=torch.float32)) for u, d in inputs]
    return compare(contestants), 2 * B * T * O * dtype.itemsize, "sum of both"


def head_inputs(B, C, dtype):
    return (torch.randn(B, C, device="cuda").mul(3).to(dtype), torch.randn(B, C, device="cuda").to(dtype),
            torch.randint(C, (B,), device="cuda"), torch.ones(1, device="cuda", dtype=torch.float64))


def head_args(inputs, delta_dtype):
    logits, u, labels, norm = inputs
    B, C = logits.shape
    out = [torch.empty(B, device="cuda") for _ in range(3)] + [torch.empty(B, C, device="cuda", dtype=delta_dtype)]
    args = HeadStep()
    args.logits, args.projected, args.labels = array(logits), array(u), array(labels)
    args.direction_norm_squared = norm.data_ptr()
    args.weighting = Weighting(NORMED_PROJ, 0, 0.5, 0)
    args.loss, args.score, args.weight, args.delta = (array(x) for x in out)
    return args, out


def head_in_torch(logits, u, labels, norm):
    z = logits.float()
    log_p = torch.log_softmax(z, 1)
    delta = log_p.exp()
    loss = -log_p.gather(1, labels[:, None])[:, 0]
    delta = delta.scatter_add(1, labels[:, None], torch.full_like(loss, -1)[:, None])
    score = -(delta * u.float()).sum(1) / norm.sqrt().float()
    return loss, score, torch.softmax(score / 0.5, 0), delta


def head_step(library, B, C, dtype):
    size = B * C * (2 * dtype.itemsize + 4)
    count = min(16, rotations(size))
    inputs = [head_inputs(B, C, dtype) for _ in range(count)]
    ours = []
    for x in inputs:
        args, out = head_args(x, torch.float32)
        ours.append(library.operation("head_step", args, (x, out)))
    contestants = with_rivals(ours, head_in_torch, inputs, COMPILE)
    halves = [(torch.empty(size // 8, device="cuda"), torch.empty(size // 8, device="cuda")) for _ in range(count)]
    contestants["copy"] = [lambda a=a, b=b: b.copy_(a) for a, b in halves]
    return compare(contestants), size, "copy"


def small_head_step(library, B, C, dtype):
    """One launch in graph replay, beside a graph of one empty kernel."""
    inputs = head_inputs(B, C, dtype)
    args, out = head_args(inputs, torch.float32)
    contestants = {"gradmimic": [library.operation("head_step", args, (inputs, out))], "torch": [lambda: head_in_torch(*inputs)],
                   "empty launch": [lambda: torch.cuda._sleep(0)]}  # torch's only kernel that does nothing
    return compare(contestants), B * C * (2 * dtype.itemsize + 4), "empty launch"


def ghost_dot(library, tokens, I, O, dtype):
    inputs = [(torch.randn(tokens // 64, 64, I, device="cuda").to(dtype), torch.randn(tokens // 64, 64, O, device="cuda").to(dtype),
               torch.randn(O, I, device="cuda").to(dtype)) for _ in range(2)]
    ours = []
    for a, d, v in inputs:
        dot = torch.empty(a.shape[0], device="cuda")
        ours.append(library.operation("ghost_dot", GhostDot(array(a), array(d), array(v), array(dot)), (a, d, v, dot)))
    contestants = with_rivals(ours, lambda a, d, v: ((a @ v.T) * d).sum((1, 2), dtype=torch.float32), inputs, COMPILE)
    contestants["product alone"] = [lambda a=a, v=v: a @ v.T for a, _, v in inputs]
    if hasattr(torch, "func"):
        contestants["torch.func"] = [lambda x=x: by_gradients(*x) for x in inputs]
    return compare(contestants, rounds=7), 2 * tokens * I * O, "product alone"


def by_gradients(a, d, v):
    """The usual way: the gradient of every sample, then its product with V."""
    gradients = torch.func.vmap(torch.func.grad(lambda w, a, d: (a @ w.T).mul(d).sum()), in_dims=(None, 0, 0))(v, a, d)
    return gradients.flatten(1) @ v.flatten()


def ghost_dot_forms(library, tokens, I, O, dtype):
    """Every form that this device has, the one that is chosen ("gradmimic"), and a product with row_dot."""
    name = f"[{tokens}, {I}, {O}] {str(dtype).split('.')[1]}"
    count = min(8, rotations((tokens * (I + O) + I * O) * dtype.itemsize))
    inputs = [(torch.randn(tokens, 1, I, device="cuda").to(dtype), torch.randn(tokens, 1, O, device="cuda").to(dtype),
               torch.randn(O, I, device="cuda").to(dtype), torch.empty(tokens, device="cuda")) for _ in range(count)]

    def calls(form):
        return [library.operation("ghost_dot", GhostDot(array(a), array(d), array(v), array(dot), form), (a, d, v, dot)) for a, d, v, dot in inputs]

    def by_product(a, d, v, dot):
        u = a @ v.T
        library.operation("row_dot", RowDot(array(u), array(d), array(dot)), (u, d, dot))()

    a, d, v, dot = inputs[0]
    choice = ctypes.c_int32()
    args = GhostDot(array(a), array(d), array(v), array(dot), 0)
    library.check(library.c.gm_ghost_dot_form(ctypes.byref(library.queue()), ctypes.byref(args), ctypes.byref(choice)))
    scale = d.double().norm(dim=(1, 2)) * (a.double()[:, 0] @ v.double().T).norm(dim=1)
    exact = ((a.double()[:, 0] @ v.double().T) * d.double()[:, 0]).sum(1)
    contestants = {"gradmimic": calls(0)}
    for form, number in FORMS.items():
        ours = calls(number)
        try:
            ours[0]()
        except RuntimeError as error:  # a form that this device or dtype does not have
            print(f"  {name}: {error}", file=sys.stderr)
            continue
        agree(f"ghost_dot by {form}", dot, exact, scale)
        contestants[form] = ours
    contestants["product and row_dot"] = [lambda x=x: by_product(*x) for x in inputs]
    contestants["product alone"] = [lambda x=x: x[0] @ x[2].T for x in inputs]
    times = compare(contestants, rounds=7)
    names = {number: form for form, number in FORMS.items()} | {4: "product and row_dot"}
    fastest = min((form for form in times if form not in ("gradmimic", "product alone")), key=lambda form: times[form]["median"])
    FOUND_FORMS.append({"case": name, "tokens": tokens, "inputs": I, "outputs": O, "bytes": dtype.itemsize, "advised": names[choice.value], "fastest": fastest,
                          "seconds": {form: t["median"] for form, t in times.items()}})
    return times, 2 * tokens * I * O, "product alone"


def fitting_rates(forms, bytes_rate):
    """The constants of ghost_dot_plan.h from large shapes, where whole tiles and rounds take little more than the product itself:
    multiply-adds a second, medians."""
    found = {"bytes": bytes_rate, "processors": torch.cuda.get_device_properties(0).multi_processor_count}
    large = [case for case in forms if case["tokens"] >= 16384]
    for constant, name, width in [("plain", "float", 4), ("mma", "mma", 2), ("wgmma", "wgmma", 2), ("product32", "product alone", 4),
                                  ("product16", "product alone", 2)]:
        rates = [case["tokens"] * case["inputs"] * case["outputs"] / case["seconds"][name] for case in large if name in case["seconds"] and case["bytes"] == width]
        found[constant] = statistics.median(rates) if rates else 0
    return found


def head_score(library, B, I, C, dtype):
    count = min(4, rotations(B * I * dtype.itemsize))
    weight, v = (torch.randn(C, I, device="cuda").mul(I ** -0.5) for _ in range(2))
    norm = v.double().pow(2).sum().reshape(1)
    inputs = [(torch.randn(B, I, device="cuda").to(dtype), torch.randint(C, (B,), device="cuda")) for _ in range(count)]
    ours, outputs = [], []
    for h, y in inputs:
        out = [torch.empty(B, device="cuda") for _ in range(3)]
        args = HeadScore()
        args.features, args.labels, args.weight, args.direction = array(h), array(y), array(weight), array(v)
        args.direction_norm_squared = norm.data_ptr()
        args.loss, args.score, args.gradient_norm = (array(x) for x in out)
        ours.append(library.operation("head_score", args, (h, y, weight, v, norm, out)))
        outputs.append(out)

    def in_torch(h, y):
        log_p = torch.log_softmax(h.float() @ weight.T, 1)
        delta = log_p.exp()
        loss = -log_p.gather(1, y[:, None])[:, 0]
        delta = delta.scatter_add(1, y[:, None], torch.full_like(loss, -1)[:, None])
        score = -(delta * (h.float() @ v.T)).sum(1) / norm.sqrt().float()
        return loss, score, delta.norm(dim=1) * h.float().norm(dim=1)

    ours[0]()
    expected = in_torch(*inputs[0])
    agree("head_score", outputs[0][1], expected[1].double(), expected[2].double())
    contestants = with_rivals(ours, in_torch, inputs, COMPILE)
    contestants["both products alone"] = [lambda h=h: (h.float() @ weight.T, h.float() @ v.T) for h, _ in inputs]
    return compare(contestants, rounds=7), 4 * B * I * C, "both products alone"


def clip_scores(library, B, E, dtype):
    image, text, image_tangent, text_tangent = inputs = [torch.randn(B, E, device="cuda").to(dtype) for _ in range(4)]
    out = [torch.empty(B, device="cuda") for _ in range(2)]
    args = ClipScores()
    args.image, args.text, args.image_tangent, args.text_tangent = (array(x) for x in inputs)
    terms = torch.tensor([14.0, 0.0, 0.5, 0.0], dtype=torch.float64, device="cuda")  # scale, bias and their tangents
    args.logit_terms = terms.data_ptr()
    args.loss, args.score = (array(x) for x in out)
    ours = library.operation("clip_scores", args, (inputs, out, terms))

    def losses(f, g, scale):
        z = scale * torch.nn.functional.normalize(f.float(), dim=1) @ torch.nn.functional.normalize(g.float(), dim=1).T
        own = z.diagonal()
        return (z.logsumexp(1) + z.logsumexp(0)) / 2 - own

    def in_torch():
        primals = (image.float(), text.float(), torch.tensor(14.0, device="cuda"))
        return torch.func.jvp(losses, primals, (image_tangent.float(), text_tangent.float(), torch.tensor(0.5, device="cuda")))

    ours()
    loss, tangent = in_torch()
    agree("clip_scores", out[1], -tangent.double(), tangent.double().abs() + 1)
    x, y = (torch.nn.functional.normalize(f.float(), dim=1) for f in (image, text))
    contestants = {"gradmimic": [ours], "torch.func.jvp": [in_torch], "three products alone": [lambda: (x @ y.T, x @ y.T, x @ y.T)]}
    return compare(contestants, rounds=7), 6 * B * B * E, "three products alone"


def ghost_norm(library, B, T, I, O, dtype):
    inputs = [(torch.randn(B, T, I, device="cuda").to(dtype), torch.randn(B, T, O, device="cuda").to(dtype)) for _ in range(2)]
    ours = []
    for a, d in inputs:
        norm = torch.empty(B, device="cuda")
        ours.append(library.operation("ghost_norm", GhostNorm(array(a), array(d), array(norm)), (a, d, norm)))
    contestants = with_rivals(ours, lambda a, d: ((a @ a.transpose(1, 2)).float() * (d @ d.transpose(1, 2)).float()).sum((1, 2)), inputs, COMPILE)
    return compare(contestants, rounds=7), 2 * B * T * T * (I + O), "torch"


def direction(library, shapes):
    """The tensors of a model: V stored, all norms."""
    reference, parameter, v = ([torch.randn(*shape, device="cuda") for shape in shapes] for _ in range(3))
    lists = [(Array * len(shapes))(*(array(x.reshape(-1)) for x in tensors)) for tensors in (reference, parameter, v)]
    norms = torch.empty(len(shapes), device="cuda", dtype=torch.float64)
    total = torch.empty(1, device="cuda", dtype=torch.float64)
    args = Direction(len(shapes), *lists, norms.data_ptr(), total.data_ptr(), None)
    elements = sum(x.numel() for x in reference)
    copies = torch.empty(elements * 12 // 8, device="cuda"), torch.empty(elements * 12 // 8, device="cuda")

    def in_torch():
        out = torch._foreach_sub(reference, parameter)
        return out, torch._foreach_norm(out)

    contestants = {"gradmimic": [library.operation("direction", args, (reference, parameter, v, lists, norms, total))], "torch": [in_torch],
                   "copy": [lambda: copies[1].copy_(copies[0])]}
    return compare(contestants), 12 * elements, "copy"


VIT_B = [(768,)] * 100 + [(3072,)] * 12 + [(2304,)] * 12 + [(768, 768)] * 12 + [(2304, 768)] * 12 + [(3072, 768), (768, 3072)] * 12

SUM = [("sum of G and v", 1 / 0.95)]
SUMS = [("sum of both", 1 / 0.95)]
COPY = [("copy", 1 / 0.85)]

# What is measured, and what of it is asked for: at most so many times a rival's time. For small batches in a graph the
# rival is LAUNCH: a row goes to memory twice and over lanes five times before its block counts itself and the last one
# weighs the batch, some 4 us of latencies (kernels.md) that an empty launch of about 2 us does not have.
EMPTY_LAUNCHES = 2.5
LAUNCH = f"{EMPTY_LAUNCHES} empty launches and bytes at a copy's rate"
CASES = {
    "projected_dot 32 x 8,000,000 f32": (lambda l: projected_dot(l, 32, 8_000_000, torch.float32), SUM),
    "projected_dot 32 x 8,000,000 bf16": (lambda l: projected_dot(l, 32, 8_000_000, torch.bfloat16), SUM),
    "projected_dot 4 x 16,000,000 f32": (lambda l: projected_dot(l, 4, 16_000_000, torch.float32), SUM),
    "projected_dot 1,000,000 x 500 f32": (lambda l: projected_dot(l, 1_000_000, 500, torch.float32), SUM),
    "row_dot [256,197,768] f32": (lambda l: row_dot(l, 256, 197, 768, torch.float32), SUMS),
    "row_dot [512,197,768] bf16": (lambda l: row_dot(l, 512, 197, 768, torch.bfloat16), SUMS),
    "row_dot [2,1,100,000,000] f32": (lambda l: row_dot(l, 2, 1, 100_000_000, torch.float32), SUMS),
    "head_step 4096 x 1000 f32": (lambda l: head_step(l, 4096, 1000, torch.float32), COPY),
    "head_step 65,536 x 1000 f32": (lambda l: head_step(l, 65536, 1000, torch.float32), COPY),
    "head_step 65,536 x 1000 bf16": (lambda l: head_step(l, 65536, 1000, torch.bfloat16), []),
    "head_step 65,536 x 10 f32": (lambda l: head_step(l, 65536, 10, torch.float32), []),
    "head_step 256 x 100,000 f32": (lambda l: head_step(l, 256, 100000, torch.float32), []),
    **{f"head_step {B} x 1000 f32, graph": (lambda l, B=B: small_head_step(l, B, 1000, torch.float32), [(LAUNCH, 1)]) for B in (32, 64, 128, 256)},
    "head_score 65,536 x 768, 1000 classes, f32": (lambda l: head_score(l, 65536, 768, 1000, torch.float32), []),
    "clip_scores 4096 x 512 bf16": (lambda l: clip_scores(l, 4096, 512, torch.bfloat16), []),
    "direction, ViT-B/16, V stored": (lambda l: direction(l, VIT_B), []),
    "ghost_dot [16384, 768, 3072] bf16": (lambda l: ghost_dot(l, 16384, 768, 3072, torch.bfloat16), [("product alone", 1.11), ("torch", 1 / 1.3)]),
    "ghost_dot [65536, 1024, 4096] bf16": (lambda l: ghost_dot(l, 65536, 1024, 4096, torch.bfloat16), [("product alone", 1.11), ("torch", 1 / 1.3)]),
    "ghost_dot [16384, 3072, 768] bf16": (lambda l: ghost_dot(l, 16384, 3072, 768, torch.bfloat16), [("product alone", 1.11), ("torch", 1)]),
    "ghost_dot [16384, 768, 3072] f16": (lambda l: ghost_dot(l, 16384, 768, 3072, torch.float16), []),
    "ghost_dot [16384, 768, 3072] f32": (lambda l: ghost_dot(l, 16384, 768, 3072, torch.float32), []),
    **{f"forms of ghost_dot [{n}, {I}, {O}] {str(t).split('.')[1]}": (lambda l, n=n, I=I, O=O, t=t: ghost_dot_forms(l, n, I, O, t), [])
       for n, I, O, t in [(16384, 768, 3072, torch.bfloat16), (65536, 1024, 4096, torch.bfloat16), (16384, 3072, 768, torch.bfloat16),
                          (16384, 768, 3072, torch.float32), (1, 4096, 4096, torch.bfloat16), (32, 4096, 4096, torch.bfloat16),
                          (64, 4096, 4096, torch.bfloat16), (256, 4096, 4096, torch.bfloat16), (1024, 4096, 4096, torch.bfloat16),
                          (2048, 768, 768, torch.bfloat16), (32, 768, 1000, torch.bfloat16), (32, 4096, 4096, torch.float32), (1024, 768, 768, torch.float32)]},
    "ghost_norm [32,197,768,768] f32": (lambda l: ghost_norm(l, 32, 197, 768, 768, torch.float32), []),
}


def bytes_a_second():
    """Of a plain copy, read and written."""
    a, b = (torch.empty(1 << 28, device="cuda") for _ in range(2))
    return 2 * a.numel() * 4 / compare({"copy": [lambda: b.copy_(a)]})["copy"]["median"]


def judge(times, work, targets, rate):
    """Each target with the ratio that was found and whether it is met."""
    ours, found = times["gradmimic"]["median"], []
    for rival, limit in targets:
        theirs = EMPTY_LAUNCHES * times["empty launch"]["median"] + work / rate if rival == LAUNCH else times[rival]["median"]
        found.append({"rival": rival, "at_most": limit, "ratio": ours / theirs, "met": ours <= limit * theirs})
    return found


def need_wgmma(library):
    """A library without the form that Hopper is measured by would be measured for nothing."""
    if torch.cuda.get_device_capability(0) != (9, 0):
        return
    x, dot = torch.zeros(1, 1, 64, device="cuda", dtype=torch.bfloat16), torch.zeros(1, device="cuda")
    args, form = GhostDot(array(x), array(x), array(x.expand(64, 1, 64)[:, 0].contiguous()), array(dot), FORMS["wgmma"]), ctypes.c_int32()
    library.check(library.c.gm_ghost_dot_form(ctypes.byref(library.queue()), ctypes.byref(args), ctypes.byref(form)))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--library", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--seconds", type=float, default=500, help="no case begins later than this")
    parser.add_argument("--compile", action="store_true", help="torch.compile's versions too")
    parser.add_argument("cases", nargs="*", metavar="CASE", help="parts of names; all without one")
    options = parser.parse_args()
    global COMPILE
    COMPILE = options.compile
    started = time.monotonic()
    library = Library(options.library)
    need_wgmma(library)
    properties = torch.cuda.get_device_properties(0)
    document = {"command": " ".join([os.path.basename(sys.argv[0])] + sys.argv[1:]), "gradmimic": library.c.gm_version().decode(), "device": properties.name,
                "torch": torch.__version__, "cuda": torch.version.cuda, "cases": [], "left_out": []}
    rate = document["copy_bytes_a_second"] = bytes_a_second()
    print(f"{'case':42} {'gradmimic':>10} {'rate':>12}   times of gradmimic's")
    for name, (case, targets) in CASES.items():
        if options.cases and not any(part in name for part in options.cases):
            continue
        if time.monotonic() - started > options.seconds:
            document["left_out"].append(name)
            continue
        try:
            times, work, ceiling = case(library)
        except Exception as error:
            document["cases"].append({"case": name, "error": f"{type(error).__name__}: {error}"})
            print(f"{name:42} {type(error).__name__}: {error}")
        else:
            ours = times["gradmimic"]["median"]
            document["cases"].append({"case": name, "seconds": times, "work": work, "ceiling": ceiling, "targets": judge(times, work, targets, rate)})
            others = ", ".join(f"{rival} {t['median'] / ours:.2f}" for rival, t in times.items() if rival != "gradmimic")
            print(f"{name:42} {ours * 1e6:8.1f}us {work / ours / 1e9:10.1f} G/s   {others}")
            for target in document["cases"][-1]["targets"]:
                print(f"  {'met' if target['met'] else 'MISSED'}: {target['ratio']:.3f} of {target['rival']}, at most {target['at_most']:.3f}")
        write(options.out, document)
        torch.cuda.empty_cache()
    if document["left_out"]:
        print("left out, the time was up: " + "; ".join(document["left_out"]))
        write(options.out, document)
    if FOUND_FORMS:
        document["ghost_dot_forms"] = FOUND_FORMS
        document["ghost_dot_rates"] = fitting_rates(FOUND_FORMS, rate)
        write(options.out, document)
        for case in FOUND_FORMS:
            print(f"ghost_dot {case['case']}: advised {case['advised']}, fastest {case['fastest']}")
        print("ghost_dot_plan.h: " + json.dumps(document["ghost_dot_rates"]))
    return 1 if any("error" in case for case in document["cases"]) else 0


if __name__ == "__main__":
    sys.exit(main())
