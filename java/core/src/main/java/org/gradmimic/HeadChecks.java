package org.gradmimic;

import org.bytedeco.pytorch.Tensor;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.device.Device;
import org.jspecify.annotations.Nullable;

/**
 * The requirements of a {@link MimicHead}: the types, shapes and devices of its arguments, named in the message.
 *
 * @param device of the head
 * @param classes C
 * @param width D
 * @param references K; 1 if there is no reference
 */
record HeadChecks(Device device, long classes, long width, int references) {

    /**
     * Checks the head's own tensors.
     *
     * @throws InvalidArgumentException for one of another type, shape or device
     */
    static void parameters(
            Device device, Tensor weight, @Nullable Tensor bias, DirectionSource source, @Nullable ScoreTable table) {
        Tensors.requireFloat("weight", weight);
        classesAndFeatures(weight);
        Tensors.requireTrainable("weight", weight);
        bias(device, weight, bias);
        if (table != null) table.require(device);
        if (source instanceof DirectionSource.Reference reference) {
            for (int k = 0; k < reference.weights().size(); k++) {
                Tensor theirs = reference.weights().get(k);
                String name = reference.weights().size() == 1 ? "the reference weight" : "reference weight " + k;
                Tensors.requireFloat(name, theirs);
                Tensors.requireShape(name, theirs, weight.size(0), weight.size(1));
                device.require(name, theirs);
            }
        }
    }

    /**
     * Checks that a bias, if there is one, is [C] float on the device of the weight [C,D].
     *
     * @throws InvalidArgumentException for one of another type, shape or device
     */
    static void bias(Device device, Tensor weight, @Nullable Tensor bias) {
        if (bias == null) return;
        Tensors.requireFloat("bias", bias);
        Tensors.requireShape("bias", bias, weight.size(0));
        device.require("bias", bias);
    }

    /**
     * Checks that a weight is [C,D] with at least one class and one feature.
     *
     * @throws InvalidArgumentException for another shape
     */
    static void classesAndFeatures(Tensor weight) {
        Tensors.requireRank("weight", weight, "[C, D]", 2);
        if (weight.numel() == 0) {
            throw new InvalidArgumentException("weight has the shape " + Tensors.shape(weight)
                    + "; a head has at least one class and one feature");
        }
    }

    /**
     * Checks that a weighting has what it needs.
     *
     * @throws InvalidArgumentException if it needs a direction and there is none, or one reference of several
     */
    static void direction(Weighting weighting, DirectionSource source) {
        boolean needed = switch (weighting.kind()) {
            case UNIFORM, GRAND, RHO -> false;
            default -> true;
        };
        if (needed && source instanceof DirectionSource.None) {
            throw new InvalidArgumentException("weighting " + weighting.kind() + " needs a direction");
        }
        if (source instanceof DirectionSource.Reference reference)
            reference.combination().check(weighting);
    }

    /**
     * Features [B,D] and labels [B].
     *
     * @param prefix of their names in the message
     * @throws InvalidArgumentException for one of another type, shape or device
     */
    void samples(String prefix, Tensor features, Tensor labels) {
        Tensors.requireAtMostFloat(prefix + "features", features);
        if (features.dim() != 2 || features.size(1) != width) {
            throw new InvalidArgumentException(
                    prefix + "features has the shape " + Tensors.shape(features) + ", expected [B, " + width + "]");
        }
        Tensors.requireLong(prefix + "labels", labels);
        Tensors.requireShape(prefix + "labels", labels, features.size(0));
        device.require(prefix + "features", features);
        device.require(prefix + "labels", labels);
    }

    /**
     * A batch and what a weighting needs of it.
     *
     * @throws InvalidArgumentException for a tensor of another type, shape or device, and one that is missing
     */
    void batch(HeadBatch batch, Weighting weighting) {
        samples("", batch.features(), batch.labels());
        long rows = batch.features().size(0);
        if (batch.ids() != null) {
            Tensors.requireLong("ids", batch.ids());
            Tensors.requireShape("ids", batch.ids(), rows);
            device.require("ids", batch.ids());
        }
        if (batch.referenceLogits() != null) {
            Tensors.requireFloat("referenceLogits", batch.referenceLogits());
            long[] shape = references == 1 ? new long[] {rows, classes} : new long[] {rows, references, classes};
            Tensors.requireShape("referenceLogits", batch.referenceLogits(), shape);
            device.require("referenceLogits", batch.referenceLogits());
        }
        vector("featureNormsSquared", batch.featureNormsSquared(), rows);
        vector("referenceLoss", batch.referenceLoss(), rows);
        if (weighting.kind() == Weighting.Kind.RHO && batch.referenceLoss() == null) {
            throw new InvalidArgumentException("weighting rho needs the batch's referenceLoss");
        }
    }

    private void vector(String name, @Nullable Tensor tensor, long length) {
        if (tensor == null) return;
        Tensors.requireFloat(name, tensor);
        Tensors.requireShape(name, tensor, length);
        device.require(name, tensor);
    }
}
