"""The head in a LightningModule. Needs the package `lightning`."""
import lightning
import torch
from torch.utils.data import DataLoader, TensorDataset

import gradmimic
from gradmimic.torch import MimicHead


class GradMimic(lightning.LightningModule):
    """A backbone with a head whose samples are weighted toward `reference`."""

    def __init__(self, backbone, linear, reference):
        super().__init__()
        self.backbone = backbone
        self.head = MimicHead(linear, reference, gradmimic.Weighting("normed_proj", temperature=0.5))

    def training_step(self, batch, _):
        step = self.head(self.backbone(batch[0]), batch[1])
        self.log("loss", step.loss.detach())
        self.log("share of negative scores", (step.scores < 0).float().mean())
        return step.loss

    def configure_optimizers(self):
        return torch.optim.AdamW(self.parameters(), lr=1e-3)


if __name__ == "__main__":
    data = TensorDataset(torch.randn(512, 16), torch.randint(4, (512,)))
    model = GradMimic(torch.nn.Linear(16, 16), torch.nn.Linear(16, 4), torch.randn(4, 16))
    lightning.Trainer(max_epochs=1, accelerator="cpu", logger=False, enable_checkpointing=False).fit(model, DataLoader(data, 64))
