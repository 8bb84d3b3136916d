package org.gradmimic.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import org.gradmimic.bench.Measurement.Target;
import org.gradmimic.device.Device;

/** What is measured together, and what is asked of it. */
enum Stage {
    /** A probe's step with Grad-Mimic against LibTorch's plain step on the same features. */
    PROBE_STEP {
        @Override
        void run(PairedRunner.Settings settings, Consumer<Measurement> sink) {
            for (int batch : new int[] {32, 256, 4096}) {
                for (int classes : CLASSES) {
                    try (ProbeSteps steps = new ProbeSteps(batch, WIDTH, classes)) {
                        PairedRunner.Times times = new PairedRunner(settings)
                                .add("plain", steps::plain)
                                .add("mimicCached", steps::mimicCached)
                                .add("mimicProduct", steps::mimicProduct)
                                .run();
                        // ||V|| alone reads as much as a quarter of the smallest batch's step does.
                        double limit = batch == 32 && classes == 1000 ? 1.15 : 1.05;
                        Map<String, Object> parameters = parameters("B", batch, "D", WIDTH, "C", classes);
                        sink.accept(
                                Measurement.timeRatio(times, "mimicCached", "plain", parameters, Target.atMost(limit)));
                        sink.accept(
                                Measurement.timeRatio(times, "mimicProduct", "plain", parameters, Target.atMost(1.55)));
                    }
                }
            }
        }
    },

    /** Whole steps behind a small convolutional network. */
    BACKBONE_STEP {
        @Override
        void run(PairedRunner.Settings settings, Consumer<Measurement> sink) {
            for (int batch : new int[] {32, 128}) {
                for (int classes : new int[] {10, 100}) {
                    try (BackboneSteps steps = new BackboneSteps(batch, classes)) {
                        PairedRunner.Times times = new PairedRunner(settings)
                                .add("plain", steps::plain)
                                .add("mimic", steps::mimic)
                                .run();
                        sink.accept(Measurement.timeRatio(
                                times,
                                "mimic",
                                "plain",
                                parameters("B", batch, "D", BackboneSteps.FEATURES, "C", classes),
                                Target.atMost(1.02)));
                    }
                }
            }
        }
    },

    /** One gradient a sample by autograd against Grad-Mimic's step. */
    PER_SAMPLE_GRADIENT {
        @Override
        void run(PairedRunner.Settings settings, Consumer<Measurement> sink) {
            for (int classes : CLASSES) {
                int batch = 32;
                try (ProbeSteps steps = new ProbeSteps(batch, WIDTH, classes);
                        PerSampleSteps perSample = new PerSampleSteps(batch, WIDTH, classes)) {
                    PairedRunner.Times times = new PairedRunner(settings)
                            .add("mimicCached", steps::mimicCached)
                            .add("mimicProduct", steps::mimicProduct)
                            .add("perSample", perSample::step)
                            .run();
                    for (String ours : new String[] {"mimicCached", "mimicProduct"}) {
                        sink.accept(Measurement.timeRatio(
                                times,
                                "perSample",
                                ours,
                                parameters("B", batch, "D", WIDTH, "C", classes),
                                Target.atLeast(10)));
                    }
                }
            }
        }
    },

    /** Whole training steps of models with any mimic layer against the plain step, in time and memory. */
    MODEL_STEP {
        @Override
        void run(PairedRunner.Settings settings, Consumer<Measurement> sink) {
            WarmUp.steps(Device.CPU, 5 * settings.warmupSeconds());
            for (ModelSteps.Kind kind : ModelSteps.Kind.MEASURED) ModelStage.run(kind, settings, sink);
        }
    },

    /** Rows scored a second against what memory and multipliers allow, both measured in the same rounds. */
    SCORE_ROWS {
        @Override
        void run(PairedRunner.Settings settings, Consumer<Measurement> sink) {
            try (FeatureRows features = new FeatureRows(4 * FeatureRows.READ_ROWS, WIDTH);
                    MatrixRate matrix = MatrixRate.best(settings.rounds() < 10 ? 1 : 5)) {
                for (int classes : CLASSES) scoreRows(settings, features, matrix, classes, sink);
            }
        }
    };

    private static final int WIDTH = 768;
    private static final int[] CLASSES = {10, 100, 1000};

    /** Measures, and hands on every number as soon as it is there. */
    abstract void run(PairedRunner.Settings settings, Consumer<Measurement> sink);

    /** "probe-step" */
    String label() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    static Map<String, Object> parameters(Object... namesAndValues) {
        Map<String, Object> parameters = new LinkedHashMap<>();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            parameters.put((String) namesAndValues[i], namesAndValues[i + 1]);
        }
        return parameters;
    }

    private static void scoreRows(
            PairedRunner.Settings settings,
            FeatureRows features,
            MatrixRate matrix,
            int classes,
            Consumer<Measurement> sink) {
        try (ScoreRows rows = new ScoreRows(features, classes)) {
            PairedRunner.Times times = new PairedRunner(settings)
                    .add("sum", features::readBySum)
                    .add("norms", features::readByNorms)
                    .add("product", matrix::multiply)
                    .add("headScorer", rows::headScorer)
                    .add("libtorch", rows::libtorch)
                    .run();
            // Whichever reads faster is the memory's rate.
            String read = times.seconds("sum").median() < times.seconds("norms").median() ? "sum" : "norms";
            double flopsPerRow = 2.0 * 2 * classes * features.width;
            List<double[]> bounds = new ArrayList<>();
            bounds.add(perSecond(times.of(read), FeatureRows.READ_ROWS));
            bounds.add(perSecond(times.of("product"), matrix.flops() / flopsPerRow));
            for (String workload : new String[] {"headScorer", "libtorch"}) {
                double[] speed = perSecond(times.of(workload), rows.rows);
                double[] share = speed.clone();
                for (int i = 0; i < share.length; i++) {
                    share[i] /= Math.min(bounds.get(0)[i], bounds.get(1)[i]);
                }
                Map<String, Object> details = new LinkedHashMap<>();
                details.put("rows_per_second", Interval.of(speed));
                details.put("read_rows_per_second", Interval.of(bounds.get(0)));
                details.put("read_by", read);
                details.put("matrix_rows_per_second", Interval.of(bounds.get(1)));
                details.put("matrix_flops_per_second", Interval.of(perSecond(times.of("product"), matrix.flops())));
                details.put("matrix_shape", matrix.shape);
                details.put("neighbours_share", times.neighbours());
                sink.accept(new Measurement(
                        workload,
                        parameters("N", features.rows, "D", features.width, "C", classes),
                        "bound",
                        "share",
                        Interval.of(share),
                        workload.equals("headScorer") ? Target.atLeast(0.75) : null,
                        times.rounds(),
                        details));
            }
        }
    }

    private static double[] perSecond(double[] seconds, double units) {
        double[] rates = new double[seconds.length];
        for (int i = 0; i < rates.length; i++) rates[i] = units / seconds[i];
        return rates;
    }
}
