"""Every operation on NumPy arrays against NumPy in double precision, with strides, and its refusals."""
import unittest

import numpy as np

import gradmimic as gm

RANDOM = np.random.default_rng(7)
B, T, I, O, C, K = 9, 5, 12, 7, 4, 3


def normal(*shape):
    return RANDOM.standard_normal(shape).astype("float32")


def strided(*shape):
    """Rows that do not touch each other."""
    return normal(*shape[:-1], shape[-1] + 3)[..., : shape[-1]]


def softmax(x, axis=-1):
    e = np.exp(x - x.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


def near(actual, expected, tolerance=2e-5):
    """Float sums of at most some hundred terms of size 1; NaN is not near anything."""
    np.testing.assert_allclose(np.asarray(actual, "float64"), expected, rtol=tolerance, atol=tolerance, equal_nan=False)


class OperationsTest(unittest.TestCase):
    def test_direction(self):
        references, parameters = [normal(O, I), normal(O)], [normal(O, I), normal(O)]
        result = gm.direction(references, parameters)
        v = [a.astype("float64") - b for a, b in zip(references, parameters)]
        for got, want in zip(result.directions, v):
            near(got, want)
        near(result.norm_squared, [(x**2).sum() for x in v])
        near(result.total_norm_squared, [sum((x**2).sum() for x in v)])
        near(result.parameter_norm_squared, [(x.astype("float64") ** 2).sum() for x in parameters])

    def head(self, weighting, **more):
        features, weight, reference, bias = strided(B, I), normal(C, I), normal(C, I), normal(C)
        labels = RANDOM.integers(0, C, B)
        v = reference - weight
        norm_squared = np.array([(v.astype("float64") ** 2).sum()])
        result = gm.head_step(
            features @ weight.T, labels, weighting, bias=bias, projected=features @ v.T, direction_norm_squared=norm_squared,
            feature_norm_squared=(features**2).sum(1), want_delta=True, **more)
        h, z = features.astype("float64"), features.astype("float64") @ weight.T + bias
        delta = softmax(z) - np.eye(C)[labels]
        gradients = delta[:, :, None] * h[:, None, :]
        score = -(gradients * v).sum((1, 2)) / np.sqrt(norm_squared)
        return result, delta, gradients, score, -np.log(softmax(z)[np.arange(B), labels])

    def test_head_step(self):
        result, delta, gradients, score, loss = self.head(gm.Weighting("normed_proj", temperature=0.5))
        weight = softmax(score / 0.5)
        near(result.loss, loss)
        near(result.score, score)
        near(result.weight, weight)
        near(result.gradient_norm, np.sqrt((gradients**2).sum((1, 2))))
        near(result.delta, delta)
        near(result.weighted_delta, delta * weight[:, None])
        near(result.mean_delta, delta.mean(0))
        near(result.weighted_delta_sum, (delta * weight[:, None]).sum(0))
        self.assertEqual(result.non_finite[0], 0)

    def test_kinds_of_weights(self):
        expected = {
            "uniform": lambda score, norm: np.full(B, 1 / B),
            "proj": lambda score, norm: score,
            "cos": lambda score, norm: score / norm,
            "normed_cos": lambda score, norm: softmax(score / norm),
            "grand": lambda score, norm: softmax(norm),
        }
        for kind, of in expected.items():
            with self.subTest(kind):
                result, _, gradients, score, _ = self.head(gm.Weighting(kind))
                near(result.weight, of(score, np.sqrt((gradients**2).sum((1, 2)))))

    def test_several_references(self):
        logits, labels, projected = normal(B, C), RANDOM.integers(0, C, B), normal(B, K, C)
        norm_squared = RANDOM.random(K) + 1
        result = gm.head_step(logits, labels, gm.Weighting("normed_proj"), projected=projected, direction_norm_squared=norm_squared,
                              combine=gm.COMBINE_MIN)
        delta = softmax(logits.astype("float64")) - np.eye(C)[labels]
        score = -(delta[:, None, :] * projected).sum(2) / np.sqrt(norm_squared)
        near(result.score, score)
        near(result.weight, softmax(score.min(1)))

    def test_head_score_equals_head_step(self):
        features, weight, v, labels = strided(B, I), normal(C, I), normal(C, I), RANDOM.integers(0, C, B)
        norm_squared = np.array([(v.astype("float64") ** 2).sum()])
        scores = gm.head_score(features, labels, weight, v, norm_squared)
        step = gm.head_step(features @ weight.T, labels, gm.Weighting("uniform"), projected=features @ v.T, direction_norm_squared=norm_squared,
                            feature_norm_squared=(features**2).sum(1))
        for name in ("loss", "score", "gradient_norm"):
            near(getattr(scores, name), getattr(step, name))

    def test_mimic_weights(self):
        score = normal(B)
        near(gm.mimic_weights(gm.Weighting("normed_proj", temperature=2.0), score), softmax(score.astype("float64") / 2))

    def test_products(self):
        a, delta, v = strided(B, T, I), strided(B, T, O), normal(O, I)
        gradients = np.einsum("bto,bti->boi", delta.astype("float64"), a)
        near(gm.ghost_dot(a, delta, v), (gradients * v).sum((1, 2)), 1e-4)
        near(gm.ghost_dot(a, delta, v, no_zero_tokens=True), (gradients * v).sum((1, 2)), 1e-4)
        near(gm.row_dot((a @ v.T).astype("float32"), delta), (gradients * v).sum((1, 2)), 1e-4)
        near(gm.ghost_norm(a, delta), (gradients**2).sum((1, 2)), 1e-4)
        rows = gradients.reshape(B, -1).astype("float32")
        result = gm.projected_dot(rows, v.reshape(-1))
        near(result.dot, rows.astype("float64") @ v.reshape(-1), 1e-4)
        near(result.norm_squared, (rows.astype("float64") ** 2).sum(1), 1e-4)
        near(result.direction_norm_squared, [(v.astype("float64") ** 2).sum()])

    def test_scale_rows_in_place(self):
        rows, weight = normal(B, O), normal(B)
        rows[2], weight[2] = np.nan, 0
        expected = 0.5 * weight[:, None] * np.nan_to_num(rows).astype("float64")
        self.assertIs(gm.scale_rows(rows, weight, scale=0.5, out=rows), rows)
        near(rows, expected)

    def test_clip_scores_are_the_losses_derivative(self):
        image, text, image_tangent, text_tangent = (normal(B, I).astype("float64") for _ in range(4))

        def losses(step):
            x, y = image + step * image_tangent, text + step * text_tangent
            z = 3 * (x / np.linalg.norm(x, axis=1, keepdims=True)) @ (y / np.linalg.norm(y, axis=1, keepdims=True)).T
            return -(np.log(np.diag(softmax(z, 1))) + np.log(np.diag(softmax(z, 0)))) / 2

        arrays = [x.astype("float32") for x in (image, text)]
        tangents = dict(image_tangent=image_tangent.astype("float32"), text_tangent=text_tangent.astype("float32"))
        result = gm.clip_scores(*arrays, np.array([3.0, 0, 0, 0]), **tangents)
        near(result.loss, losses(0))
        near(result.score, -(losses(1e-5) - losses(-1e-5)) / 2e-5, 1e-4)

    def test_reference_provider_is_double_precision(self):
        a, delta, v = (normal(*shape).astype("float64") for shape in ((B, T, I), (B, T, O), (O, I)))
        with gm.on_reference():
            result = gm.ghost_dot(a, delta, v)
        self.assertEqual(result.dtype, "float64")
        near(result, np.einsum("bto,bti,oi->b", delta, a, v), 1e-12)

    def test_refusals_name_the_argument(self):
        cases = [
            ("input has dtype int32", lambda: gm.ghost_norm(np.zeros((2, 2, 2), "int32"), normal(2, 2, 2))),
            ("input has dtype byte-swapped float32", lambda: gm.ghost_norm(normal(2, 2, 2).astype(">f4"), normal(2, 2, 2))),
            ("input is a list", lambda: gm.scale_rows([1.0], normal(1), out=normal(1, 1))),
            ("input has shape", lambda: gm.scale_rows(normal(2, 2, 2, 2), normal(2))),
            ("empty", lambda: gm.ghost_norm(normal(0, 2, 2), normal(0, 2, 2))),
            ("logits have shape", lambda: gm.head_step(normal(3), np.zeros(3, "int64"), gm.Weighting("uniform"))),
            ("direction_norm_squared is a float32", lambda: gm.head_step(
                normal(2, 3), np.zeros(2, "int64"), gm.Weighting("proj"), projected=normal(2, 3), direction_norm_squared=normal(1))),
            ("no weighting 'softmax'", lambda: gm.Weighting("softmax")),
            ("no form 'fast'", lambda: gm.ghost_dot(normal(2, 2, 2), normal(2, 2, 2), normal(2, 2), form="fast")),
            ("1 references for 2", lambda: gm.direction([normal(2)], [normal(2), normal(2)])),
            ("head_step", lambda: gm.head_step(normal(2, 3), np.array([0, 3]), gm.Weighting("uniform"))),
            ("mimic_weights", lambda: gm.mimic_weights(gm.Weighting("normed_proj", temperature=0.0), normal(2))),
            ("ghost_dot", lambda: gm.ghost_dot(normal(2, 2, 3), normal(2, 2, 4), normal(3, 4))),
        ]
        for words, call in cases:
            with self.subTest(words):
                with self.assertRaisesRegex((gm.InvalidArgumentError, TypeError), words):
                    call()
        read_only = normal(2, 2)
        read_only.flags.writeable = False
        with self.assertRaisesRegex(gm.InvalidArgumentError, "out is read-only"):
            gm.scale_rows(normal(2, 2), normal(2), out=read_only)

    def test_batch_without_a_finite_score(self):
        with self.assertRaises(gm.NonFiniteError):
            gm.mimic_weights(gm.Weighting("normed_proj"), np.full(3, np.nan, "float32"))


if __name__ == "__main__":
    unittest.main()
