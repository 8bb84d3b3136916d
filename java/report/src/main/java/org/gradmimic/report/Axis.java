package org.gradmimic.report;

import java.util.Locale;

/**
 * The range of an axis and its ticks: multiples of 1, 2 or 5 times a power of ten.
 *
 * @param from the value at its start
 * @param to the value at its end, larger
 * @param step the distance between ticks
 */
record Axis(double from, double to, double step) {
    private static final int TICKS = 6;

    /** An axis that begins and ends with the data; 0 to 1 if there are none. */
    static Axis exact(double least, double most) {
        if (!(least <= most)) {
            return exact(0, 1);
        }
        if (!(most - least > 1e-12 * Math.max(Math.abs(least), Math.abs(most)))) {
            double margin = least == 0 ? 1 : Math.abs(least) / 2;
            return exact(least - margin, most + margin);
        }
        // Halved first, because the difference of two finite values can be infinite.
        double rough = (most / 2 - least / 2) / TICKS * 2;
        double power = Math.pow(10, Math.floor(Math.log10(rough)));
        double multiple = rough / power;
        double step = power * (multiple <= 1.0001 ? 1 : multiple <= 2.0001 ? 2 : multiple <= 5.0001 ? 5 : 10);
        return new Axis(least, most, step);
    }

    /** An axis that begins and ends with a tick. */
    static Axis rounded(double least, double most) {
        Axis tight = exact(least, most);
        double step = tight.step;
        double from = Math.floor(tight.from / step + 1e-9) * step;
        double to = Math.ceil(tight.to / step - 1e-9) * step;
        return new Axis(Math.max(-Double.MAX_VALUE, from), Math.min(Double.MAX_VALUE, to), step);
    }

    /** The relative position of a value: 0 at the start, 1 at the end. */
    double position(double value) {
        return (value / 2 - from / 2) / (to / 2 - from / 2);
    }

    double[] ticks() {
        long first = (long) Math.ceil(from / step - 1e-6);
        long last = (long) Math.floor(to / step + 1e-6);
        double[] ticks = new double[(int) Math.min(50, last - first + 1)];
        for (int i = 0; i < ticks.length; i++) {
            ticks[i] = (first + i) * step;
        }
        return ticks;
    }

    /** The number at a tick, with as many digits as the step needs. */
    String text(double tick) {
        double largest = Math.max(Math.abs(from), Math.abs(to));
        if (Math.abs(tick) < step / 1000) {
            return "0";
        }
        int stepPower = (int) Math.floor(Math.log10(step) + 1e-9);
        if (largest >= 1e6 || largest < 1e-3) {
            int digits = Math.max(0, (int) Math.floor(Math.log10(Math.abs(tick)) + 1e-9) - stepPower);
            return String.format(Locale.ROOT, "%." + Math.min(15, digits) + "e", tick);
        }
        return String.format(Locale.ROOT, "%." + Math.max(0, -stepPower) + "f", tick);
    }
}
