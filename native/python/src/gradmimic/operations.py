"""The operations of libgradmimic on NumPy arrays and torch tensors, which are used where they lie: nothing is copied.

B is the number of samples, T the number of tokens a sample, I and O a layer's inputs and outputs, C classes, K references.
V = reference - parameter is the direction, g_i the gradient of sample i's own loss, delta the gradient of that loss by a
layer's output. The formulas stand in gradmimic.h. Every function allocates its results beside its first argument: in the same
framework, on the same device. On a GPU it puts kernels onto torch's current stream and returns.

Each function raises InvalidArgumentError, which names the argument and its shape, for what the operation does not take.
"""
from __future__ import annotations

import ctypes
from dataclasses import dataclass, field
from typing import Any, Optional, Sequence

from . import _abi as abi
from ._library import InvalidArgumentError, address, describe, new, number_dtype, run

KINDS = ("uniform", "proj", "cos", "normed_proj", "normed_cos", "opt", "grand", "agra", "rho")
COMBINE_MEAN, COMBINE_MIN = -1, -2
GHOST_DOT_FORMS = ("auto", "float", "mma", "wgmma")


@dataclass(frozen=True)
class Weighting:
    """How the scores of a batch become the weights of its samples.

    kind         one of KINDS
    temperature  of normed_proj and normed_cos; positive
    lambda_      of opt; not negative
    rho_attached for rho in head_step: differentiate through the weights
    """

    kind: str
    temperature: float = 1.0
    lambda_: float = 0.0
    rho_attached: bool = False

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise InvalidArgumentError(f"there is no weighting {self.kind!r}; expected one of {', '.join(KINDS)}")

    def _struct(self) -> abi.Weighting:
        return abi.Weighting(KINDS.index(self.kind), int(self.rho_attached), self.temperature, self.lambda_)


@dataclass(frozen=True)
class Directions:
    """What `direction` computes; arrays of float64 but for the directions themselves."""

    directions: Sequence[Any] = field(repr=False)  # V of each parameter, in its shape
    norm_squared: Any  # [count]: |V_k|^2
    total_norm_squared: Any  # [1]: their sum
    parameter_norm_squared: Any  # [count]: |theta_k|^2


def direction(references: Sequence[Any], parameters: Sequence[Any]) -> Directions:
    """V = reference - parameter of every parameter, with norms.

    references, parameters  as many arrays of float32 each, pairwise of the same shape
    """
    if len(references) != len(parameters) or not parameters:
        raise InvalidArgumentError(f"{len(references)} references for {len(parameters)} parameters; expected as many, at least one")
    like, count = parameters[0], len(parameters)
    directions = [new(each, each.shape, "float32") for each in parameters]
    norms = [new(like, [size], "float64") for size in (count, 1, count)]
    arrays = [(abi.Array * count)(*(describe(f"{name}[{k}]", each) for k, each in enumerate(list_)))
              for name, list_ in (("references", references), ("parameters", parameters), ("directions", directions))]
    addresses = [address(name, norm, size, "float64") for name, norm, size in zip(
        ("norm_squared", "total_norm_squared", "parameter_norm_squared"), norms, (count, 1, count))]
    run("direction", abi.Direction(count, *arrays, *addresses), like)
    return Directions(directions, *norms)


@dataclass(frozen=True)
class HeadStep:
    """What `head_step` computes. Arrays of float32; delta and weighted_delta have the logits' dtype."""

    loss: Any  # [B]
    weight: Any  # [B]
    score: Optional[Any]  # [B] or [B,K], NaN where not finite; None without a direction
    gradient_norm: Optional[Any]  # [B]; None without feature_norm_squared
    delta: Optional[Any]  # [B,C]; None unless asked for
    weighted_delta: Any  # [B,C]
    mean_delta: Any  # [C]: the plain gradient of the bias
    weighted_delta_sum: Any  # [C]: its weighted gradient
    non_finite: Any  # [1] int64: samples whose loss or score is not finite


def head_step(
    logits: Any,
    labels: Any,
    weighting: Weighting,
    *,
    bias: Optional[Any] = None,
    projected: Optional[Any] = None,
    reference_logits: Optional[Any] = None,
    direction_norm_squared: Optional[Any] = None,
    feature_norm_squared: Optional[Any] = None,
    reference_loss: Optional[Any] = None,
    combine: int = 0,
    want_delta: bool = False,
) -> HeadStep:
    """Losses, scores, weights and output gradients of a classification head, between its two matrix products.

    logits                  [B,C] float32, float16 or bfloat16, without `bias` if that is given
    labels                  [B] int64
    bias                    [C] float32
    projected               u = V h: [B,C] or [B,K,C]; or instead of it
    reference_logits        [B,C] or [B,K,C] float32, without bias
    direction_norm_squared  [K] float64; with either of them
    feature_norm_squared    [B] float32; for gradient_norm, and for cos, normed_cos, opt and grand
    reference_loss          [B] float32; for rho
    combine                 with K > 1, which reference's score weighs, or COMBINE_MEAN or COMBINE_MIN
    """
    if getattr(logits, "ndim", 0) != 2:
        raise InvalidArgumentError(f"logits have shape {list(getattr(logits, 'shape', []))}; expected [B,C]")
    batch, classes = logits.shape
    statistics = number_dtype(logits)
    source = projected if projected is not None else reference_logits
    score, references = None, 0
    if source is not None:
        references = source.shape[1] if source.ndim == 3 else 1
        score = new(logits, [batch, references] if source.ndim == 3 else [batch], statistics)
    logits_dtype = str(logits.dtype).rsplit(".", 1)[-1]
    result = HeadStep(
        loss=new(logits, [batch], statistics),
        weight=new(logits, [batch], statistics),
        score=score,
        gradient_norm=None if feature_norm_squared is None else new(logits, [batch], statistics),
        delta=new(logits, [batch, classes], logits_dtype) if want_delta else None,
        weighted_delta=new(logits, [batch, classes], logits_dtype),
        mean_delta=new(logits, [classes], statistics),
        weighted_delta_sum=new(logits, [classes], statistics),
        non_finite=new(logits, [1], "int64"),
    )
    args = abi.HeadStep(
        describe("logits", logits),
        describe("bias", bias),
        describe("labels", labels),
        describe("projected", projected),
        describe("reference_logits", reference_logits),
        address("direction_norm_squared", direction_norm_squared, references, "float64") if references else None,
        describe("feature_norm_squared", feature_norm_squared),
        describe("reference_loss", reference_loss),
        weighting._struct(),
        combine,
        *(describe(name, getattr(result, name), output=True) for name in (
            "loss", "score", "gradient_norm", "weight", "delta", "weighted_delta", "mean_delta", "weighted_delta_sum")),
        address("non_finite", result.non_finite, 1, "int64"),
    )
    run("head_step", args, logits)
    return result


@dataclass(frozen=True)
class HeadScores:
    """What `head_score` computes; float32, or float64 where the features are."""

    loss: Any  # [B]
    score: Any  # [B], NaN where not finite
    gradient_norm: Any  # [B]
    non_finite: Any  # [1] int64


def head_score(features: Any, labels: Any, weight: Any, direction: Any, direction_norm_squared: Any, *, bias: Optional[Any] = None) -> HeadScores:
    """Scores of features against a head, without storing logits.

    features   [B,I] float32, float16 or bfloat16
    labels     [B] int64
    weight     [C,I] float32;  direction  V, the same;  direction_norm_squared  [1] float64
    bias       [C] float32
    """
    batch, statistics = len(features), number_dtype(features)
    result = HeadScores(*(new(features, [batch], statistics) for _ in range(3)), new(features, [1], "int64"))
    args = abi.HeadScore(
        describe("features", features),
        describe("labels", labels),
        describe("weight", weight),
        describe("bias", bias),
        describe("direction", direction),
        address("direction_norm_squared", direction_norm_squared, 1, "float64"),
        *(describe(name, getattr(result, name), output=True) for name in ("loss", "score", "gradient_norm")),
        address("non_finite", result.non_finite, 1, "int64"),
    )
    run("head_score", args, features)
    return result


def mimic_weights(
    weighting: Weighting,
    score: Optional[Any] = None,
    *,
    gradient_norm: Optional[Any] = None,
    direction_norm_squared: Optional[Any] = None,
) -> Any:
    """The weights [B] of scores that were computed elsewhere.

    score                   [B] float32; for rho the excess loss; absent for grand
    gradient_norm           [B] float32; for cos, normed_cos, opt and grand
    direction_norm_squared  [1] float64; for opt
    """
    like = score if score is not None else gradient_norm
    if like is None:
        raise InvalidArgumentError("neither score nor gradient_norm is given")
    weight = new(like, like.shape, number_dtype(like))
    args = abi.MimicWeights(
        describe("score", score),
        describe("gradient_norm", gradient_norm),
        address("direction_norm_squared", direction_norm_squared, 1, "float64"),
        weighting._struct(),
        describe("weight", weight, output=True),
        None,
    )
    run("mimic_weights", args, like)
    return weight


def scale_rows(input: Any, weight: Any, *, scale: float = 1.0, out: Optional[Any] = None) -> Any:
    """scale * weight_i * input_i, [R,D]; rows of weight 0 become 0 whatever they hold. `out` may be `input` itself."""
    output = new(input, input.shape, str(input.dtype).rsplit(".", 1)[-1]) if out is None else out
    run("scale_rows", abi.ScaleRows(describe("input", input), describe("weight", weight), describe("out", output, output=True), scale), input)
    return output


def ghost_dot(input: Any, delta: Any, direction: Any, *, form: str = "auto", no_zero_tokens: bool = False) -> Any:
    """<g_i, V> of a linear layer's weight, [B], without forming g_i. The mimic score is -dot/|V|.

    input  [B,T,I];  delta  [B,T,O];  direction  V, [O,I]
    form   one of GHOST_DOT_FORMS: how a GPU multiplies
    no_zero_tokens   the caller knows that no token's delta is all zero, so that a GPU need not look for such tokens
    """
    if form not in GHOST_DOT_FORMS:
        raise InvalidArgumentError(f"there is no form {form!r}; expected one of {', '.join(GHOST_DOT_FORMS)}")
    dot = new(input, [len(input)], number_dtype(input))
    run("ghost_dot", abi.GhostDot(describe("input", input), describe("delta", delta), describe("direction", direction),
                                  describe("dot", dot, output=True), GHOST_DOT_FORMS.index(form), no_zero_tokens), input)
    return dot


def ghost_norm(input: Any, delta: Any) -> Any:
    """|g_i|^2 of a linear layer's weight, [B]. input [B,T,I]; delta [B,T,O]."""
    norm_squared = new(input, [len(input)], number_dtype(input))
    run("ghost_norm", abi.GhostNorm(describe("input", input), describe("delta", delta), describe("norm_squared", norm_squared, output=True)), input)
    return norm_squared


@dataclass(frozen=True)
class ProjectedDots:
    """What `projected_dot` computes."""

    dot: Any  # [B]: <G_i, v>
    norm_squared: Any  # [B]: |G_i|^2
    direction_norm_squared: Any  # [1] float64: |v|^2


def projected_dot(gradient: Any, direction: Any) -> ProjectedDots:
    """Products and norms of gradients that are in memory, in one read of them. gradient [B,P]; direction [P]."""
    batch, statistics = len(gradient), number_dtype(gradient)
    result = ProjectedDots(new(gradient, [batch], statistics), new(gradient, [batch], statistics), new(gradient, [1], "float64"))
    run("projected_dot", abi.ProjectedDot(
        describe("gradient", gradient), describe("direction", direction), describe("dot", result.dot, output=True),
        describe("norm_squared", result.norm_squared, output=True),
        address("direction_norm_squared", result.direction_norm_squared, 1, "float64")), gradient)
    return result


def row_dot(projected: Any, delta: Any) -> Any:
    """sum_t U_it . delta_it, [B]: the second half of ghost_dot after a product U = a V^T. Both [B,T,O]."""
    dot = new(projected, [len(projected)], number_dtype(projected))
    run("row_dot", abi.RowDot(describe("projected", projected), describe("delta", delta), describe("dot", dot, output=True)), projected)
    return dot


@dataclass(frozen=True)
class ClipScores:
    """What `clip_scores` computes."""

    loss: Any  # [B]
    score: Any  # [B], NaN where not finite
    non_finite: Any  # [1] int64


def clip_scores(
    image: Any,
    text: Any,
    logit_terms: Any,
    *,
    image_tangent: Optional[Any] = None,
    text_tangent: Optional[Any] = None,
    direction_norm_squared: Optional[Any] = None,
    loss: str = "softmax",
) -> ClipScores:
    """Contrastive losses of B pairs and their exact scores along a direction.

    image, text                  [B,E] features before normalisation
    image_tangent, text_tangent  [B,E]: their change as the parameters move along V
    logit_terms                  [4] float64: scale, bias, and the tangents of both
    direction_norm_squared       [1] float64: |V|^2; 1 if absent
    loss                         "softmax" as CLIP, or "sigmoid" as SigLIP
    """
    kinds = ("softmax", "sigmoid")
    if loss not in kinds:
        raise InvalidArgumentError(f"there is no contrastive loss {loss!r}; expected one of {', '.join(kinds)}")
    batch, statistics = len(image), number_dtype(image)
    result = ClipScores(new(image, [batch], statistics), new(image, [batch], statistics), new(image, [1], "int64"))
    args = abi.ClipScores(
        describe("image", image), describe("text", text), describe("image_tangent", image_tangent), describe("text_tangent", text_tangent),
        address("logit_terms", logit_terms, 4, "float64"), address("direction_norm_squared", direction_norm_squared, 1, "float64"),
        kinds.index(loss), describe("loss", result.loss, output=True), describe("score", result.score, output=True),
        address("non_finite", result.non_finite, 1, "int64"))
    run("clip_scores", args, image)
    return result
