"""Grad-Mimic for a PyTorch loop: a linear head whose backward pass carries weighted gradients."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Optional, Tuple, Union

import torch

from . import operations
from ._library import InvalidArgumentError
from .operations import HeadStep, Weighting

_NEEDS_NORMS = ("cos", "normed_cos", "opt", "grand")


@dataclass(frozen=True)
class MimicStep:
    """One batch: call loss.backward() to add its weighted gradients to those of the parameters."""

    loss: torch.Tensor  # scalar: the mean of the finite losses; its backward pass carries the weighted gradients
    losses: torch.Tensor  # [B]
    scores: Optional[torch.Tensor]  # [B]: <-g_i, V>/|V|, NaN where not finite; None without a reference
    weights: torch.Tensor  # [B]


class _MimicLoss(torch.autograd.Function):
    """The mean loss as a function of features, weight and bias, with the gradients that a step of Grad-Mimic defines."""

    @staticmethod
    def forward(  # type: ignore[override]
        context: Any, features: torch.Tensor, weight: torch.Tensor, bias: Optional[torch.Tensor], step: HeadStep, all_weighted: bool
    ) -> torch.Tensor:
        below = step.weighted_delta if all_weighted else step.delta
        context.save_for_backward(features, weight, step.weighted_delta, below)
        context.bias_gradient = step.weighted_delta_sum if all_weighted else step.mean_delta
        context.share_below = 1.0 if all_weighted else 1.0 / len(features)
        context.has_bias = bias is not None
        finite = torch.isfinite(step.loss)
        mean: torch.Tensor = torch.where(finite, step.loss, 0).sum() / finite.sum()
        return mean

    @staticmethod
    def backward(context: Any, *gradients: torch.Tensor) -> Tuple[Optional[torch.Tensor], ...]:
        (upstream,) = gradients
        features, weight, weighted_delta, below = context.saved_tensors
        need_features, need_weight, need_bias = context.needs_input_grad[:3]
        # A backward pass inside autocast would round the products to 16 bits.
        with torch.autocast(features.device.type, enabled=False):
            return (
                (below @ weight) * (upstream * context.share_below) if need_features else None,
                (weighted_delta.t() @ features) * upstream if need_weight else None,
                context.bias_gradient * upstream if context.has_bias and need_bias else None,
                None,
                None,
            )


class MimicHead(torch.nn.Module):
    """A linear layer with cross-entropy that weights every sample by how far its gradient points toward a reference.

    linear      the head of the model; its parameters stay the optimiser's
    reference   [C,I]: the reference head's weight; needed by every kind of weighting but uniform and grand
    weighting   how scores become weights; `self.weighting` may be changed between steps
    calibrate   "layer": the head's weight gets the weighted gradient and all else the batch mean, as the authors do;
                "all": every parameter gets the weighted gradient

    It computes in float32, under autocast too, and neither waits for a GPU nor reads a number from it.
    """

    def __init__(
        self, linear: torch.nn.Linear, reference: Optional[torch.Tensor], weighting: Weighting, *, calibrate: str = "layer"
    ) -> None:
        super().__init__()
        if calibrate not in ("layer", "all"):
            raise InvalidArgumentError(f"there is no calibration {calibrate!r}; expected layer or all")
        if weighting.kind in ("agra", "rho"):
            raise InvalidArgumentError(f"this head has no weighting {weighting.kind}; head_step has it")
        if reference is None and weighting.kind not in ("uniform", "grand"):
            raise InvalidArgumentError(f"the weighting {weighting.kind} needs a reference")
        if reference is not None and reference.shape != linear.weight.shape:
            raise InvalidArgumentError(f"the reference has shape {list(reference.shape)}; the head's weight has {list(linear.weight.shape)}")
        self.linear = linear
        self.weighting = weighting
        self.calibrate = calibrate
        self.reference: Optional[torch.Tensor]
        self.register_buffer("reference", None if reference is None else reference.detach().float().clone(), persistent=False)

    def forward(self, features: torch.Tensor, labels: Optional[torch.Tensor] = None) -> Union[torch.Tensor, MimicStep]:
        """A step for features [B,I] and labels [B]; without labels the logits [B,C], as the linear layer gives them."""
        if labels is None:
            logits: torch.Tensor = self.linear(features)
            return logits
        with torch.autocast(features.device.type, enabled=False):
            return self._step(features.float(), labels)

    def _step(self, features: torch.Tensor, labels: torch.Tensor) -> MimicStep:
        weight, bias = self.linear.weight, self.linear.bias
        with torch.no_grad():
            projected = norm_squared = None
            logits = features @ weight.t()
            if self.reference is not None:
                toward = operations.direction([self.reference], [weight])
                projected, norm_squared = features @ toward.directions[0].t(), toward.norm_squared
            step = operations.head_step(
                logits,
                labels,
                self.weighting,
                bias=bias,
                projected=projected,
                direction_norm_squared=norm_squared,
                feature_norm_squared=features.square().sum(1) if self.weighting.kind in _NEEDS_NORMS else None,
                want_delta=self.calibrate == "layer",
            )
        loss = _MimicLoss.apply(features, weight, bias, step, self.calibrate == "all")
        return MimicStep(loss, step.loss, step.score, step.weight)
