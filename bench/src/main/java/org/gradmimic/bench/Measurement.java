package org.gradmimic.bench;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One number of a table: a quotient of two workloads that ran in the same rounds, with what was asked of it.
 *
 * @param workload what was timed, with its parameters in {@code parameters}
 * @param base what it is compared with
 * @param quantity what {@code value} is: "time ratio", "speed-up", "share of the bound"
 * @param target what the quotient should at most or at least be; null where nothing is asked
 * @param details medians and intervals that the quotient comes from, in the units their names say
 */
record Measurement(
        String workload,
        Map<String, Object> parameters,
        String base,
        String quantity,
        Interval value,
        @Nullable Target target,
        int rounds,
        Map<String, Object> details) {

    /** A limit and its side. */
    record Target(double limit, boolean atMost) {
        static Target atMost(double limit) {
            return new Target(limit, true);
        }

        static Target atLeast(double limit) {
            return new Target(limit, false);
        }

        boolean met(double value) {
            return atMost ? value <= limit : value >= limit;
        }

        @Override
        public String toString() {
            return (atMost ? "<= " : ">= ") + limit;
        }
    }

    /** Time of {@code workload} ÷ time of {@code base}. */
    static Measurement timeRatio(
            PairedRunner.Times times,
            String workload,
            String base,
            Map<String, Object> parameters,
            @Nullable Target target) {
        Map<String, Object> details = new LinkedHashMap<>();
        details.put("seconds", times.seconds(workload));
        details.put("base_seconds", times.baseSeconds(workload, base));
        details.put("neighbours_share", times.neighbours());
        return new Measurement(
                workload, parameters, base, "time ratio", times.ratio(workload, base), target, times.rounds(), details);
    }

    boolean met() {
        return target == null || target.met(value.median());
    }

    /** As a line of the table that a person reads. */
    String line() {
        String limit = target == null ? "" : target + (met() ? "  met" : "  MISSED");
        return String.format(
                "%-16s %-26s %-20s %8.3f  [%.3f, %.3f]  %s",
                workload,
                parameters.toString().replaceAll("[{}]", ""),
                quantity + " to " + base,
                value.median(),
                value.low(),
                value.high(),
                limit);
    }

    /** As it stands in the file. */
    Map<String, Object> toJson() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("workload", workload);
        json.put("parameters", parameters);
        json.put("base", base);
        json.put("quantity", quantity);
        json.put("value", value);
        if (target != null) {
            json.put("target", target.toString());
            json.put("met", met());
        }
        json.put("rounds", rounds);
        json.putAll(details);
        return json;
    }
}
