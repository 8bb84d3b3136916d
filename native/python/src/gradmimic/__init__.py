"""Mimic scores of every sample's gradient, without forming one. `gradmimic.torch` has a head for a training loop."""
from ._library import (
    FatalDeviceError,
    GradmimicError,
    InvalidArgumentError,
    NonFiniteError,
    OutOfMemoryError,
    UnsupportedError,
    cpu_isa,
    cpu_threads,
    cuda_unavailable_because,
    on_reference,
    version,
)
from .operations import (
    COMBINE_MEAN,
    COMBINE_MIN,
    GHOST_DOT_FORMS,
    KINDS,
    ClipScores,
    Directions,
    HeadScores,
    HeadStep,
    ProjectedDots,
    Weighting,
    clip_scores,
    direction,
    ghost_dot,
    ghost_norm,
    head_score,
    head_step,
    mimic_weights,
    projected_dot,
    row_dot,
    scale_rows,
)

__all__ = [
    "COMBINE_MEAN", "COMBINE_MIN", "GHOST_DOT_FORMS", "KINDS", "ClipScores", "Directions", "FatalDeviceError", "GradmimicError",
    "HeadScores", "HeadStep", "InvalidArgumentError", "NonFiniteError", "OutOfMemoryError", "ProjectedDots", "UnsupportedError",
    "Weighting", "clip_scores", "cpu_isa", "cpu_threads", "cuda_unavailable_because", "direction", "ghost_dot", "ghost_norm",
    "head_score", "head_step", "mimic_weights", "on_reference", "projected_dot", "row_dot", "scale_rows", "version",
]
