"""gradmimic.h's structs for ctypes.

  _abi.py     prints a C program that compiles only if sizes and offsets are the header's: native/test does.
"""
import ctypes


class Queue(ctypes.Structure):
    _fields_ = [("provider", ctypes.c_int32), ("device", ctypes.c_int32), ("stream", ctypes.c_void_p)]


class Array(ctypes.Structure):
    _fields_ = [("data", ctypes.c_void_p), ("dtype", ctypes.c_int32), ("rank", ctypes.c_int32),
                ("shape", ctypes.c_int64 * 3), ("stride", ctypes.c_int64 * 3), ("device_type", ctypes.c_int32), ("device", ctypes.c_int32)]


class Weighting(ctypes.Structure):
    _fields_ = [("kind", ctypes.c_int32), ("rho_attached", ctypes.c_int32), ("temperature", ctypes.c_double), ("lambda_", ctypes.c_double)]


class RowDot(ctypes.Structure):
    _fields_ = [(name, Array) for name in ("projected", "delta", "dot")]


class ProjectedDot(ctypes.Structure):
    _fields_ = [(name, Array) for name in ("gradient", "direction", "dot", "norm_squared")] + [("direction_norm_squared", ctypes.c_void_p)]


class GhostDot(ctypes.Structure):
    _fields_ = [(name, Array) for name in ("input", "delta", "direction", "dot")] + [("form", ctypes.c_int32), ("no_zero_tokens", ctypes.c_int32)]


class GhostNorm(ctypes.Structure):
    _fields_ = [(name, Array) for name in ("input", "delta", "norm_squared")]


class Direction(ctypes.Structure):
    _fields_ = [("count", ctypes.c_int64)] + [(name, ctypes.POINTER(Array)) for name in ("reference", "parameter", "direction")] + [
        (name, ctypes.c_void_p) for name in ("norm_squared", "total_norm_squared", "parameter_norm_squared")]


class HeadStep(ctypes.Structure):
    _fields_ = [(name, Array) for name in ("logits", "bias", "labels", "projected", "reference_logits")] + [
        ("direction_norm_squared", ctypes.c_void_p), ("feature_norm_squared", Array), ("reference_loss", Array), ("weighting", Weighting),
        ("combine", ctypes.c_int32)] + [(name, Array) for name in (
            "loss", "score", "gradient_norm", "weight", "delta", "weighted_delta", "mean_delta", "weighted_delta_sum")] + [
        ("non_finite", ctypes.c_void_p)]


class MimicWeights(ctypes.Structure):
    _fields_ = [(name, Array) for name in ("score", "gradient_norm")] + [
        ("direction_norm_squared", ctypes.c_void_p), ("weighting", Weighting), ("weight", Array), ("non_finite", ctypes.c_void_p)]


class ScaleRows(ctypes.Structure):
    _fields_ = [(name, Array) for name in ("input", "weight", "output")] + [("scale", ctypes.c_double)]


class HeadScore(ctypes.Structure):
    _fields_ = [(name, Array) for name in ("features", "labels", "weight", "bias", "direction")] + [("direction_norm_squared", ctypes.c_void_p)] + [
        (name, Array) for name in ("loss", "score", "gradient_norm")] + [("non_finite", ctypes.c_void_p)]


class ClipScores(ctypes.Structure):
    _fields_ = [(name, Array) for name in ("image", "text", "image_tangent", "text_tangent")] + [
        (name, ctypes.c_void_p) for name in ("logit_terms", "direction_norm_squared")] + [
        ("loss_kind", ctypes.c_int32), ("loss", Array), ("score", Array), ("non_finite", ctypes.c_void_p)]


C_NAMES = {Queue: "gm_queue", Array: "gm_array", Weighting: "gm_weighting", RowDot: "gm_row_dot_args", ProjectedDot: "gm_projected_dot_args",
           GhostDot: "gm_ghost_dot_args", GhostNorm: "gm_ghost_norm_args", Direction: "gm_direction_args", HeadStep: "gm_head_step_args",
           HeadScore: "gm_head_score_args", MimicWeights: "gm_mimic_weights_args", ScaleRows: "gm_scale_rows_args",
           ClipScores: "gm_clip_scores_args"}


def main():
    print('#include "gradmimic/gradmimic.h"')
    for struct, name in C_NAMES.items():
        print(f'_Static_assert(sizeof({name}) == {ctypes.sizeof(struct)}, "{name}");')
        for field, *_ in struct._fields_:
            print(f'_Static_assert(offsetof({name}, {field.rstrip("_")}) == {getattr(struct, field).offset}, "{name}.{field}");')


if __name__ == "__main__":
    main()
