package org.gradmimic.cli;

import org.gradmimic.ScoreKind;
import org.gradmimic.select.InputException;

/** Checks that more than one command makes of its options. */
final class Arguments {
    private Arguments() {}

    static void check(ScoreKind kind, double temperature, double lambda) {
        try {
            kind.weighting(temperature, lambda);
        } catch (IllegalArgumentException e) {
            throw new InputException(e.getMessage(), e);
        }
    }
}
