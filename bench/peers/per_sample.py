"""A Grad-Mimic step by torch.func: the gradients of every sample by vmap(grad), as the usual way is.

    python per_sample.py vit|resnet SIDE BATCH [THREADS]

Every line on stdin is a request for one step, answered by a line; the first answer comes when the model is
ready. Needs torch alone. The models are those of bench's ModelSteps, in training mode but for batch
normalisation: by the batch's own statistics it can't be taken sample by sample.
"""

import sys

import torch
import torch.nn.functional as F
from torch.func import grad, vmap

PATCH, WIDTH, MLP, HEADS, LAYERS, CLASSES = 8, 384, 1536, 6, 6, 100


def vit_shapes(side):
    tokens = (side // PATCH) ** 2 + 1
    shapes = {"token": (1, 1, WIDTH), "conv": (WIDTH, 3, PATCH, PATCH), "conv_b": (WIDTH,), "pos": (1, tokens, WIDTH)}
    for i in range(LAYERS):
        shapes |= {
            f"{i}.n1": (WIDTH,), f"{i}.n1_b": (WIDTH,), f"{i}.in": (3 * WIDTH, WIDTH), f"{i}.in_b": (3 * WIDTH,),
            f"{i}.out": (WIDTH, WIDTH), f"{i}.out_b": (WIDTH,), f"{i}.n2": (WIDTH,), f"{i}.n2_b": (WIDTH,),
            f"{i}.fc1": (MLP, WIDTH), f"{i}.fc1_b": (MLP,), f"{i}.fc2": (WIDTH, MLP), f"{i}.fc2_b": (WIDTH,),
        }
    return shapes | {"n": (WIDTH,), "n_b": (WIDTH,), "head": (CLASSES, WIDTH), "head_b": (CLASSES,)}


def vit(p, x):
    def norm(x, name):
        return F.layer_norm(x, (WIDTH,), p[name], p[name + "_b"], 1e-6)

    def linear(x, name):
        return F.linear(x, p[name], p[name + "_b"])

    B = x.shape[0]
    x = F.conv2d(x, p["conv"], p["conv_b"], stride=PATCH).flatten(2).transpose(1, 2)
    x = torch.cat([p["token"].expand(B, -1, -1), x], 1) + p["pos"]
    for i in range(LAYERS):
        q, k, v = linear(norm(x, f"{i}.n1"), f"{i}.in").view(B, -1, 3, HEADS, WIDTH // HEADS).permute(2, 0, 3, 1, 4)
        a = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(B, -1, WIDTH)
        if i == LAYERS - 1:  # only the class token goes on, as in the other model
            a, x = a[:, :1], x[:, :1]
        x = x + linear(a, f"{i}.out")
        x = x + linear(F.gelu(linear(norm(x, f"{i}.n2"), f"{i}.fc1")), f"{i}.fc2")
    return linear(norm(x[:, 0], "n"), "head")


STAGES = [(64, 1), (128, 2), (256, 2), (512, 2)]


def resnet_shapes(side):
    shapes = {"conv1": (64, 3, 7, 7), "bn1": (64,), "bn1_b": (64,)}
    before = 64
    for s, (width, stride) in enumerate(STAGES):
        for b in range(2):
            inputs = before if b == 0 else width
            shapes |= {f"{s}.{b}.c1": (width, inputs, 3, 3), f"{s}.{b}.c2": (width, width, 3, 3)}
            names = [f"{s}.{b}.bn1", f"{s}.{b}.bn2"]
            if b == 0 and s > 0:
                shapes[f"{s}.{b}.down"] = (width, inputs, 1, 1)
                names.append(f"{s}.{b}.bnd")
            for name in names:
                shapes |= {name: (width,), name + "_b": (width,)}
        before = width
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
    torch.manual_seed(1)
    forward, shapes = (vit, vit_shapes(side)) if kind == "vit" else (resnet, resnet_shapes(side))
    parameters = {
        name: (torch.ones(shape) if len(shape) == 1 and not name.endswith("_b") else 0.02 * torch.randn(shape))
        for name, shape in shapes.items()
    }
    reference = {name: value + 0.02 * torch.randn_like(value) for name, value in parameters.items()}
    images, labels = torch.randn(batch, 3, side, side), torch.randint(CLASSES, (batch,))
    optimizer = torch.optim.AdamW(parameters.values(), lr=1e-8, weight_decay=1e-5)

    def loss(p, x, y):
        return F.cross_entropy(forward(p, x[None]), y[None])

    per_sample = vmap(grad(loss), in_dims=(None, 0, 0))

    def step():
        gradients = per_sample(parameters, images, labels)
        dots, squared = torch.zeros(batch), 0.0
        with torch.no_grad():
            for name, g in gradients.items():
                v = reference[name] - parameters[name]
                dots += g.flatten(1) @ v.flatten()
                squared += float(v.square().sum())
            weights = torch.softmax(-dots / squared**0.5 / 0.5, 0)
            for name, g in gradients.items():
                parameters[name].grad = torch.tensordot(weights, g, 1)
        optimizer.step()

    step()
    print("ready", torch.__version__, flush=True)
    for _ in sys.stdin:
        step()
        print("done", flush=True)


if __name__ == "__main__":
    main()
