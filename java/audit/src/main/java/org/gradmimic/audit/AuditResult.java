package org.gradmimic.audit;

import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import org.gradmimic.select.filter.Filter;
import org.gradmimic.train.EpochMetrics;

/**
 * The results of an audit.
 *
 * @param classes one entry per class, in the order of the labels
 * @param issues the samples whose labels are believed wrong, the worst first
 * @param kept the filter over all samples of the split; trusted samples are kept
 * @param quality what is known of the reference
 * @param reference the epochs of the reference head
 * @param mimic the epochs of the head trained with Grad-Mimic
 * @param confidence of the label model; empty if the votes do not determine one, so that they were counted instead
 * @param seconds the duration of every stage of this run
 */
public record AuditResult(
        List<ClassReport> classes,
        List<Issue> issues,
        Filter kept,
        ReferenceQuality quality,
        List<EpochMetrics> reference,
        List<EpochMetrics> mimic,
        OptionalDouble confidence,
        Map<AuditStage, Double> seconds) {

    /** The number of audited samples. */
    public int samples() {
        return classes.stream().mapToInt(ClassReport::samples).sum();
    }
}
