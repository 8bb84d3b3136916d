package org.gradmimic.train;

import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The arrays of a linear probe, each declared once. {@link ProbeData} stores them under these names, messages use them,
 * and a command line has an option for each. There are N samples of D features in C classes, and E epochs of S steps
 * with B samples.
 */
public enum ProbeInput {
    FEATURES("features", "F.npy", "Features [N,D], float", true, false, s -> null),
    LABELS("labels", "y.npy", "Labels [N], possibly noisy", false, false, s -> null),
    REFERENCE_WEIGHT(
            "reference-weight",
            "R.npy",
            "Weight of the reference head [C,D]; needed by mimic and rho",
            true,
            true,
            s -> s.mode() == Mode.MIMIC || s.mode() == Mode.RHO ? null : "mode " + s.mode()),
    REFERENCE_BIAS(
            "reference-bias",
            "rb.npy",
            "Bias of the reference head [C], for rho",
            true,
            true,
            s -> s.mode() == Mode.RHO ? null : "mode " + s.mode()),
    INITIAL_WEIGHT("init-weight", "W0.npy", "Initial weight [C,D] (default: torch's)", true, true, s -> null),
    INITIAL_BIAS("init-bias", "b0.npy", "Initial bias [C] (default: torch's)", true, true, s -> null),
    TRUE_LABELS("true-labels", "t.npy", "True labels [N], to measure accuracy", false, true, s -> null),
    TEST_FEATURES("test-features", "X.npy", "Test features [M,D]", true, true, s -> null),
    TEST_LABELS("test-labels", "Y.npy", "Test labels [M]", false, true, s -> null),
    CLEAN_FEATURES("clean-features", "g.npy", "Clean features [K,D], for influence", true, true, ProbeInput::influence),
    CLEAN_LABELS("clean-labels", "gy.npy", "Clean labels [K], for influence", false, true, ProbeInput::influence),
    ORDER("order", "order.npy", "Sample order [E,N] (default: from the seed)", false, true, s -> null),
    AGRA_COMPARISON(
            "agra-comparison",
            "c.npy",
            "Comparison batches of agra [E,S,B] (default: from the seed)",
            false,
            true,
            s -> s.mode() == Mode.AGRA ? null : "mode " + s.mode());

    private final String label;
    private final String parameter;
    private final String description;
    private final boolean floating;
    private final boolean optional;

    @SuppressWarnings("ImmutableEnumChecker") // a function of the settings alone
    private final Function<ProbeSettings, @Nullable String> ignoredBy;

    ProbeInput(
            String label,
            String parameter,
            String description,
            boolean floating,
            boolean optional,
            Function<ProbeSettings, @Nullable String> ignoredBy) {
        this.label = label;
        this.parameter = parameter;
        this.description = description;
        this.floating = floating;
        this.optional = optional;
        this.ignoredBy = ignoredBy;
    }

    private static @Nullable String influence(ProbeSettings settings) {
        return settings.mode() == Mode.INFLUENCE ? null : "mode " + settings.mode();
    }

    /** The name in messages: in lower case, words joined by dashes. */
    public String label() {
        return label;
    }

    /** The placeholder for its file in a synopsis. */
    public String parameter() {
        return parameter;
    }

    /** One phrase, without a full stop. */
    public String description() {
        return description;
    }

    /** Whether it is float32; otherwise it is int64. */
    public boolean floating() {
        return floating;
    }

    /** Whether it contains the classes of samples. */
    boolean isLabels() {
        return label.endsWith("labels");
    }

    /** Whether it may be missing. */
    public boolean optional() {
        return optional;
    }

    /** The reason why a run ignores it, such as "mode sgd"; null if the run uses it. */
    @Nullable
    String ignoredBy(ProbeSettings settings) {
        return ignoredBy.apply(settings);
    }

    @Override
    public String toString() {
        return label;
    }
}
