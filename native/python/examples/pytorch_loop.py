"""A PyTorch loop with Grad-Mimic: a third of the labels is wrong, and the scores find them."""
import torch

import gradmimic
from gradmimic.torch import MimicHead

torch.manual_seed(0)
SAMPLES, WIDTH, CLASSES, BATCH = 4096, 32, 4, 64
centres = 2 * torch.randn(CLASSES, WIDTH)
truth = torch.randint(CLASSES, (SAMPLES,))
pictures = centres[truth] + torch.randn(SAMPLES, WIDTH)
wrong = torch.rand(SAMPLES) < 1 / 3
labels = torch.where(wrong, (truth + torch.randint(1, CLASSES, (SAMPLES,))) % CLASSES, truth)

backbone = torch.nn.Sequential(torch.nn.Linear(WIDTH, WIDTH), torch.nn.LayerNorm(WIDTH), torch.nn.ReLU())
reference = torch.nn.Linear(WIDTH, CLASSES)  # trained for a moment on a few samples that are known to be right
trusted = (~wrong).nonzero()[:256, 0]
short = torch.optim.AdamW([*backbone.parameters(), *reference.parameters()], lr=1e-2)
for _ in range(50):
    short.zero_grad()
    torch.nn.functional.cross_entropy(reference(backbone(pictures[trusted])), labels[trusted]).backward()
    short.step()

head = MimicHead(torch.nn.Linear(WIDTH, CLASSES), reference.weight, gradmimic.Weighting("normed_proj", temperature=0.5))
optimizer = torch.optim.AdamW([*backbone.parameters(), *head.parameters()], lr=1e-3)
scores = torch.zeros(SAMPLES)
for epoch in range(3):
    for ids in torch.randperm(SAMPLES).split(BATCH):
        optimizer.zero_grad()
        step = head(backbone(pictures[ids]), labels[ids])
        step.loss.backward()
        optimizer.step()
        scores[ids] = step.scores

suspects = scores < 0
accuracy = (head(backbone(pictures)).argmax(1) == truth).float().mean()
print(f"accuracy {accuracy:.3f}, wrong labels found {suspects[wrong].float().mean():.3f}, right ones suspected {suspects[~wrong].float().mean():.3f}")
