package org.gradmimic.bench;

import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** Scoring a block of cached features, and what bounds it; a call is one block, whose rows the workloads name. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class ScoreRowsBenchmark {
    @Param("768")
    public int width;

    @Param({"10", "100", "1000"})
    public int classes;

    private FeatureRows features;
    private MatrixRate matrix;
    private ScoreRows rows;

    @Setup(Level.Trial)
    public void setUp() {
        features = new FeatureRows(4 * FeatureRows.READ_ROWS, width);
        matrix = MatrixRate.best(3);
        rows = new ScoreRows(features, classes);
    }

    @TearDown(Level.Trial)
    public void tearDown() {
        rows.close();
        matrix.close();
        features.close();
    }

    @Benchmark
    public void headScorer() {
        rows.headScorer();
    }

    @Benchmark
    public void libtorch() {
        rows.libtorch();
    }

    @Benchmark
    public void readBySum() {
        features.readBySum();
    }

    @Benchmark
    public void readByNorms() {
        features.readByNorms();
    }

    @Benchmark
    public void product() {
        matrix.multiply();
    }
}
