"""A Grad-Mimic step by torch.func: the gradients of every sample by vmap(grad), as the usual way is; and torch's plain step.

    python per_sample.py vit_b_16|vit_small_8|resnet_18 SIDE BATCH [THREADS [DEVICE [f32|tf32|bf16]]]

Every line on stdin, "torchFunc" or "torchPlain", is a request for one such step, answered by a line; the first answer comes
when the model is ready. Needs torch alone. The models are those of bench's ModelSteps, in training mode but for batch
normalisation: by the batch's own statistics it can't be taken sample by sample.
"""

import functools
import sys

import torch
import torch.nn.functional as F
from torch.func import grad, vmap

CLASSES = 100
VITS = {"vit_b_16": (16, 768, 3072, 12, 12), "vit_small_8": (8, 384, 1536, 6, 6)}  # patch, width, mlp, heads, layers


def vit_shapes(size, side):
    patch, width, mlp, heads, layers = size
    tokens = (side // patch) ** 2 + 1
    shapes = {"token": (1, 1, width), "conv": (width, 3, patch, patch), "conv_b": (width,), "pos": (1, tokens, width)}
    for i in range(layers):
        shapes |= {
            f"{i}.n1": (width,), f"{i}.n1_b": (width,), f"{i}.in": (3 * width, width), f"{i}.in_b": (3 * width,),
            f"{i}.out": (width, width), f"{i}.out_b": (width,), f"{i}.n2": (width,), f"{i}.n2_b": (width,),
            f"{i}.fc1": (mlp, width), f"{i}.fc1_b": (mlp,), f"{i}.fc2": (width, mlp), f"{i}.fc2_b": (width,),
        }
    return shapes | {"n": (width,), "n_b": (width,), "head": (CLASSES, width), "head_b": (CLASSES,)}


def vit(size, p, x):
    patch, width, mlp, heads, layers = size

    def norm(x, name):
        return F.layer_norm(x, (width,), p[name], p[name + "_b"], 1e-6)

    def linear(x, name):
        return F.linear(x, p[name], p[name + "_b"])

    B = x.shape[0]
    x = F.conv2d(x, p["conv"], p["conv_b"], stride=patch).flatten(2).transpose(1, 2)
    x = torch.cat([p["token"].expand(B, -1, -1), x], 1) + p["pos"]
    for i in range(layers):
        q, k, v = linear(norm(x, f"{i}.n1"), f"{i}.in").view(B, -1, 3, heads, width // heads).permute(2, 0, 3, 1, 4)
        a = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(B, -1, width)
        if i == layers - 1:  # only the class token goes on, as in the other model
            a, x = a[:, :1], x[:, :1]
        x = x + linear(a, f"{i}.out")
        x = x + linear(F.gelu(linear(norm(x, f"{i}.n2"), f"{i}.fc1")), f"{i}.fc2")
    return linear(norm(x[:, 0], "n"), "head")


STAGES = [(64, 1), (128, 2), (256, 2), (512, 2)]


def resnet_shapes():
    shapes = {"conv1": (64, 3, 7, 7), "bn1": (64,), "bn1_b": (64,)}
    before = 64
    for s, (channels, stride) in enumerate(STAGES):
        for b in range(2):
            inputs = before if b == 0 else channels
            shapes |= {f"{s}.{b}.c1": (channels, inputs, 3, 3), f"{s}.{b}.c2": (channels, channels, 3, 3)}
            names = [f"{s}.{b}.bn1", f"{s}.{b}.bn2"]
            if b == 0 and s > 0:
                shapes[f"{s}.{b}.down"] = (channels, inputs, 1, 1)
                names.append(f"{s}.{b}.bnd")
            for name in names:
                shapes |= {name: (channels,), name + "_b": (channels,)}
        before = channels
    return shapes | {"head": (CLASSES, 512), "head_b": (CLASSES,)}


def resnet(p, x):
    def norm(x, name):
        channels = p[name].shape[0]
        return F.batch_norm(x, torch.zeros(channels), torch.ones(channels), p[name], p[name + "_b"], False)

    x = F.max_pool2d(F.relu(norm(F.conv2d(x, p["conv1"], stride=2, padding=3), "bn1")), 3, 2, 1)
    for s, (_, stride) in enumerate(STAGES):
        for b in range(2):
            step = stride if b == 0 else 1
            h = F.relu(norm(F.conv2d(x, p[f"{s}.{b}.c1"], stride=step, padding=1), f"{s}.{b}.bn1"))
            h = norm(F.conv2d(h, p[f"{s}.{b}.c2"], padding=1), f"{s}.{b}.bn2")
            if f"{s}.{b}.down" in p:
                x = norm(F.conv2d(x, p[f"{s}.{b}.down"], stride=step), f"{s}.{b}.bnd")
            x = F.relu(h + x)
    return F.linear(x.mean((2, 3)), p["head"], p["head_b"])


def main():
    kind, side, batch = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    if len(sys.argv) > 4:
        torch.set_num_threads(int(sys.argv[4]))
    device = torch.device(sys.argv[5] if len(sys.argv) > 5 else "cpu")
    precision = sys.argv[6] if len(sys.argv) > 6 else "f32"
    torch.set_default_device(device)
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = precision == "tf32"
    torch.manual_seed(1)
    if kind in VITS:
        forward, shapes = functools.partial(vit, VITS[kind]), vit_shapes(VITS[kind], side)
    elif kind == "resnet_18":
        forward, shapes = resnet, resnet_shapes()
    else:
        sys.exit(f"{kind} is no model; there are {', '.join(VITS)} and resnet_18")
    parameters = {
        name: (torch.ones(shape) if len(shape) == 1 and not name.endswith("_b") else 0.02 * torch.randn(shape))
        for name, shape in shapes.items()
    }
    reference = {name: value + 0.02 * torch.randn_like(value) for name, value in parameters.items()}
    images, labels = torch.randn(batch, 3, side, side), torch.randint(CLASSES, (batch,))
    optimizer = torch.optim.AdamW(parameters.values(), lr=1e-8, weight_decay=1e-5)

    def loss(p, x, y):
        # Without the cache: it would keep what belongs to another transformation.
        with torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16", cache_enabled=False):
            return F.cross_entropy(forward(p, x), y)

    def plain():
        optimizer.zero_grad()
        leaves = {name: value.detach().requires_grad_() for name, value in parameters.items()}
        loss(leaves, images, labels).backward()
        for name, leaf in leaves.items():
            parameters[name].grad = leaf.grad
        optimizer.step()

    sample_gradients = vmap(grad(lambda p, x, y: loss(p, x[None], y[None])), in_dims=(None, 0, 0))

    def per_sample():
        gradients = sample_gradients(parameters, images, labels)
        dots, squared = torch.zeros(batch), torch.zeros(())
        with torch.no_grad():
            for name, g in gradients.items():
                v = reference[name] - parameters[name]
                dots += g.flatten(1) @ v.flatten()
                squared += v.square().sum()
            weights = torch.softmax(-dots / squared.sqrt() / 0.5, 0)
            for name, g in gradients.items():
                parameters[name].grad = torch.tensordot(weights, g, 1)
        optimizer.step()

    steps = {"torchFunc": per_sample, "torchPlain": plain}
    for step in steps.values():
        step()
    print("ready", torch.__version__, flush=True)
    for line in sys.stdin:
        steps[line.strip()]()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        print("done", flush=True)


if __name__ == "__main__":
    main()
