"""MimicHead against autograd of the definition, one gradient a sample."""
import copy
import unittest

import gradmimic as gm

try:
    import torch
except ImportError:
    raise unittest.SkipTest("torch is not installed") from None

from gradmimic.torch import MimicHead

B, I, C = 16, 10, 5


def model():
    torch.manual_seed(3)
    return torch.nn.Sequential(torch.nn.Linear(6, I), torch.nn.Tanh()), torch.nn.Linear(I, C)


def by_definition(backbone, head, reference, x, y, temperature, calibrate):
    """Gradients by one backward pass a sample, in double precision."""
    backbone, head = copy.deepcopy(backbone).double(), copy.deepcopy(head).double()
    parameters = [*backbone.parameters(), *head.parameters()]
    losses = torch.nn.functional.cross_entropy(head(backbone(x.double())), y, reduction="none")
    rows = [torch.autograd.grad(loss, parameters, retain_graph=True) for loss in losses]
    v = reference.double() - head.weight.detach()
    position = len(parameters) - 2
    scores = torch.stack([-(row[position] * v).sum() / v.norm() for row in rows])
    weights = torch.softmax(scores / temperature, 0)
    mean = torch.full_like(weights, 1 / B)
    return scores, weights, [
        sum(w * row[p] for w, row in zip(weights if calibrate == "all" or p == position else mean, rows)) for p in range(len(parameters))]


class MimicHeadTest(unittest.TestCase):
    def test_gradients_are_those_of_the_definition(self):
        for calibrate in ("layer", "all"):
            with self.subTest(calibrate):
                backbone, linear = model()
                x, y, reference = torch.randn(B, 6), torch.randint(C, (B,)), torch.randn(C, I)
                head = MimicHead(linear, reference, gm.Weighting("normed_proj", temperature=0.5), calibrate=calibrate)
                scores, weights, gradients = by_definition(backbone, linear, reference, x, y, 0.5, calibrate)
                step = head(backbone(x), y)
                step.loss.backward()
                # Float against double: sums of 16 terms of size 1.
                torch.testing.assert_close(step.scores.double(), scores, rtol=1e-5, atol=1e-6)
                torch.testing.assert_close(step.weights.double(), weights, rtol=1e-5, atol=1e-6)
                for parameter, want in zip([*backbone.parameters(), *linear.parameters()], gradients):
                    torch.testing.assert_close(parameter.grad.double(), want, rtol=1e-5, atol=1e-6)
                self.assertAlmostEqual(step.loss.item(), torch.nn.functional.cross_entropy(linear(backbone(x)), y).item(), places=5)

    def test_uniform_weights_are_plain_training(self):
        backbone, linear = model()
        x, y = torch.randn(B, 6), torch.randint(C, (B,))
        plain = copy.deepcopy(linear)
        torch.nn.functional.cross_entropy(plain(backbone(x)), y).backward()
        MimicHead(linear, None, gm.Weighting("uniform"))(backbone(x), y).loss.backward()
        torch.testing.assert_close(linear.weight.grad, plain.weight.grad)
        torch.testing.assert_close(linear.bias.grad, plain.bias.grad)

    def test_autocast_and_scaled_loss(self):
        backbone, linear = model()
        x, y, reference = torch.randn(B, 6), torch.randint(C, (B,)), torch.randn(C, I)
        head = MimicHead(linear, reference, gm.Weighting("normed_proj"))
        features = backbone(x).detach()
        head(features.bfloat16(), y).loss.backward()
        expected = linear.weight.grad.clone()
        linear.weight.grad = None
        with torch.autocast("cpu", dtype=torch.bfloat16):
            (4 * head(features.bfloat16(), y).loss).backward()
        torch.testing.assert_close(linear.weight.grad, 4 * expected)

    def test_a_sample_that_is_not_finite_spoils_nothing(self):
        _, linear = model()
        features, y, reference = torch.randn(B, I), torch.randint(C, (B,)), torch.randn(C, I)
        features[3] = float("nan")
        step = MimicHead(linear, reference, gm.Weighting("normed_proj"), calibrate="all")(features.nan_to_num(nan=float("inf")), y)
        self.assertEqual(step.weights[3].item(), 0)
        self.assertAlmostEqual(step.weights.sum().item(), 1, places=5)
        self.assertTrue(torch.isfinite(step.loss))

    def test_refusals(self):
        _, linear = model()
        with self.assertRaisesRegex(gm.InvalidArgumentError, "reference has shape"):
            MimicHead(linear, torch.zeros(2, 2), gm.Weighting("proj"))
        with self.assertRaisesRegex(gm.InvalidArgumentError, "needs a reference"):
            MimicHead(linear, None, gm.Weighting("proj"))
        with self.assertRaisesRegex(gm.InvalidArgumentError, "calibration"):
            MimicHead(linear, None, gm.Weighting("uniform"), calibrate="none")
        with self.assertRaisesRegex(gm.InvalidArgumentError, "requires a gradient"):
            gm.scale_rows(torch.zeros(2, 2), torch.zeros(2), out=torch.zeros(2, 2, requires_grad=True))
        with self.assertRaisesRegex(gm.InvalidArgumentError, "not a dense tensor"):
            gm.scale_rows(torch.zeros(2, 2, device="meta"), torch.zeros(2))


if __name__ == "__main__":
    unittest.main()
