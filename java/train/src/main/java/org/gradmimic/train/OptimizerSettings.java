package org.gradmimic.train;

import org.bytedeco.pytorch.AdamW;
import org.bytedeco.pytorch.AdamWOptions;
import org.bytedeco.pytorch.Optimizer;
import org.bytedeco.pytorch.SGD;
import org.bytedeco.pytorch.SGDOptions;
import org.bytedeco.pytorch.TensorVector;
import org.gradmimic.io.run.Setting;
import org.gradmimic.io.run.SettingValues;

/**
 * The settings of LibTorch's optimisers, declared for every command that trains. Grad-Mimic does not modify the
 * optimisers.
 *
 * @param kind the optimiser
 * @param learningRate 0 or more
 * @param weightDecay decoupled for AdamW, added to the gradient for SGD; 0 or more
 * @param momentum of SGD; 0 or more
 */
public record OptimizerSettings(Kind kind, double learningRate, double weightDecay, double momentum) {
    /** The optimisers. */
    public enum Kind {
        ADAMW("adamw"),
        SGD("sgd");

        private final String label;

        Kind(String label) {
            this.label = label;
        }

        @Override
        public String toString() {
            return label;
        }
    }

    public static final Setting<Kind> OPTIMIZER = Setting.choice(
                    "optimizer", "NAME", "LibTorch's optimiser", Kind.class)
            .defaultsTo(Kind.ADAMW);
    public static final Setting<Double> LEARNING_RATE =
            Setting.real("lr", "X", "Learning rate").notNegative().defaultsTo(1e-4);
    public static final Setting<Double> WEIGHT_DECAY =
            Setting.real("weight-decay", "X", "Weight decay").notNegative().defaultsTo(1e-5);
    public static final Setting<Double> MOMENTUM = Setting.real("momentum", "X", "Momentum of sgd")
            .notNegative()
            .defaultsTo(0.9)
            .ignoredBy(values -> values.get(OPTIMIZER) == Kind.SGD ? null : "optimizer " + values.get(OPTIMIZER));

    /** The optimiser that these values describe. */
    public static OptimizerSettings of(SettingValues values) {
        return new OptimizerSettings(
                values.get(OPTIMIZER), values.get(LEARNING_RATE), values.get(WEIGHT_DECAY), values.get(MOMENTUM));
    }

    /** Creates the optimiser of these parameters, in the caller's scope. */
    public Optimizer create(TensorVector parameters) {
        switch (kind) {
            case ADAMW -> {
                AdamWOptions options = new AdamWOptions(learningRate);
                options.weight_decay().put(weightDecay);
                return new AdamW(parameters, options);
            }
            case SGD -> {
                SGDOptions options = new SGDOptions(learningRate);
                options.weight_decay().put(weightDecay);
                options.momentum().put(momentum);
                return new SGD(parameters, options);
            }
        }
        throw new AssertionError(kind);
    }
}
