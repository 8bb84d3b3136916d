package org.gradmimic.spark;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import org.gradmimic.select.Binarization;
import org.gradmimic.select.Binarizer;
import org.gradmimic.select.Cut;
import org.gradmimic.select.LabelModel;
import org.gradmimic.select.ValueCounts;
import org.gradmimic.select.ValueStatistics;
import org.gradmimic.select.VotePatterns;

/** The filter of a matrix in memory, made without Spark. */
final class OneMachine {

    private OneMachine() {}

    static boolean[] filter(float[][] values, Binarizer rule, Combination combination) {
        int samples = values[0].length;
        boolean[] keep = new boolean[samples];
        float[][] split = values;
        if (combination == Combination.MEAN) {
            split = new float[1][samples];
            for (int i = 0; i < samples; i++) {
                split[0][i] = SampleRule.Mean.of(values, i);
            }
        }
        List<Cut> cuts = new ArrayList<>();
        for (float[] epoch : split) {
            cuts.add(decide(rule, epoch));
        }
        VotePatterns patterns = new VotePatterns(split.length);
        for (int i = 0; i < samples; i++) {
            patterns.add(SampleRule.pattern(cuts, split, i));
        }
        LabelModel model =
                combination == Combination.LABEL_MODEL ? LabelModel.fit(patterns, OptionalDouble.empty()) : null;
        for (int i = 0; i < samples; i++) {
            long pattern = SampleRule.pattern(cuts, split, i);
            keep[i] =
                    model != null ? model.keeps(pattern) : VotePatterns.keeps(pattern) > VotePatterns.discards(pattern);
        }
        return keep;
    }

    private static Cut decide(Binarizer rule, float[] values) {
        ValueStatistics statistics = new ValueStatistics();
        for (float value : values) {
            statistics.add(value);
        }
        Binarization running = rule.begin(statistics);
        while (!running.needs().isEmpty()) {
            ValueCounts counts = new ValueCounts(running.needs());
            for (float value : values) {
                counts.add(value);
            }
            running.refine(counts);
        }
        return running.decision().cut();
    }
}
