package org.gradmimic;

import java.util.List;
import java.util.Locale;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.kernel.internal.Descriptors;
import org.gradmimic.kernel.internal.abi.gm_weighting;

/**
 * How the scores of a batch become the weights of its samples. Sums and the softmax run over the samples of the batch whose
 * score is finite; the others get weight 0.
 *
 * @param kind the rule
 * @param temperature τ of the softmax kinds {@link Kind#NORMED_PROJ} and {@link Kind#NORMED_COS}; positive
 * @param lambda λ ≥ 0 of {@link Kind#OPT}
 * @param rhoAttached for {@link Kind#RHO}: differentiate through the weights, as the authors' code does
 */
public record Weighting(Kind kind, double temperature, double lambda, boolean rhoAttached) {
    /** The kinds of weights; m_i is the score ⟨−g_i, V⟩/‖V‖. {@code toString} gives the name used in files and options. */
    public enum Kind {
        /** 1/B: plain training. */
        UNIFORM,
        /** m_i itself. */
        PROJ,
        /** m_i/‖g_i‖. */
        COS,
        /** softmax(m/τ) over the batch. */
        NORMED_PROJ,
        /** softmax(cos/τ) over the batch. */
        NORMED_COS,
        /**
         * The weights for which the weighted gradients come closest to V: argmin over w of Σ‖w_i n_i − D‖ + λ‖w‖ with
         * n_i = −g_i, D = V.
         */
        OPT,
        /** softmax(‖g_i‖). */
        GRAND,
        /** 1/k for the k samples that agree with a comparison gradient; 1/B if none does. */
        AGRA,
        /** softmax(ℓ_i(θ) − ℓ_i(θ_ref)). */
        RHO;

        private static final List<Kind> OF_SCORES = List.of(PROJ, COS, NORMED_PROJ, NORMED_COS, OPT);

        /** The kinds that scoring without training can give, because they depend only on scores, ‖g_i‖ and V. */
        public static List<Kind> ofScores() {
            return OF_SCORES;
        }

        /**
         * This kind, if it is one of {@link #ofScores()}.
         *
         * @throws InvalidArgumentException if it needs something other than scores; the message lists the kinds that do
         *     not
         */
        public Kind requireOfScores() {
            if (OF_SCORES.contains(this)) return this;
            throw new InvalidArgumentException(
                    "weighting " + this + " is not made from scores; choose one of " + OF_SCORES);
        }

        /** Whether the weights depend on ‖g_i‖. */
        public boolean needsNorms() {
            return this == COS || this == NORMED_COS || this == OPT || this == GRAND;
        }

        /** "normed_proj" */
        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    public Weighting {
        if (!(temperature > 0) || Double.isInfinite(temperature)) {
            throw new InvalidArgumentException(
                    "the temperature is " + temperature + "; it must be positive and finite");
        }
        if (!(lambda >= 0) || Double.isInfinite(lambda)) {
            throw new InvalidArgumentException("lambda is " + lambda + "; it must be finite and not negative");
        }
    }

    /**
     * Weights of any kind that is computed from scores, see {@link Kind#ofScores()}; τ and λ are used if the kind has
     * them.
     */
    public static Weighting of(Kind kind, double temperature, double lambda) {
        return new Weighting(kind.requireOfScores(), temperature, lambda, false);
    }

    private static Weighting of(Kind kind) {
        return new Weighting(kind, 1, 0, false);
    }

    /** {@return weights of {@link Kind#UNIFORM}} */
    public static Weighting uniform() {
        return of(Kind.UNIFORM);
    }

    /** {@return weights of {@link Kind#PROJ}} */
    public static Weighting proj() {
        return of(Kind.PROJ);
    }

    /** {@return weights of {@link Kind#COS}} */
    public static Weighting cos() {
        return of(Kind.COS);
    }

    /** {@return weights of {@link Kind#NORMED_PROJ}} */
    public static Weighting normedProj(double temperature) {
        return new Weighting(Kind.NORMED_PROJ, temperature, 0, false);
    }

    /** {@return weights of {@link Kind#NORMED_COS}} */
    public static Weighting normedCos(double temperature) {
        return new Weighting(Kind.NORMED_COS, temperature, 0, false);
    }

    /** {@return weights of {@link Kind#OPT}} */
    public static Weighting opt(double lambda) {
        return new Weighting(Kind.OPT, 1, lambda, false);
    }

    /** {@return weights of {@link Kind#GRAND}} */
    public static Weighting grand() {
        return of(Kind.GRAND);
    }

    /** {@return weights of {@link Kind#AGRA}} */
    public static Weighting agra() {
        return of(Kind.AGRA);
    }

    /** {@return weights of {@link Kind#RHO}} */
    public static Weighting rho(boolean attached) {
        return new Weighting(Kind.RHO, 1, 0, attached);
    }

    void describe(gm_weighting target) {
        Descriptors.weighting(target, kind.toString(), temperature, lambda, rhoAttached);
    }
}
