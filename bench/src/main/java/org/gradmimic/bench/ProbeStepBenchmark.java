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

/** A probe's training step on given features: LibTorch's, and Grad-Mimic's with and without cached reference logits. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class ProbeStepBenchmark {
    @Param({"32", "256", "4096"})
    public int batch;

    @Param("768")
    public int width;

    @Param({"10", "100", "1000"})
    public int classes;

    private ProbeSteps steps;

    @Setup(Level.Trial)
    public void setUp() {
        steps = new ProbeSteps(batch, width, classes);
    }

    @TearDown(Level.Trial)
    public void tearDown() {
        steps.close();
    }

    @Benchmark
    public void plain() {
        steps.plain();
    }

    @Benchmark
    public void mimicCached() {
        steps.mimicCached();
    }

    @Benchmark
    public void mimicProduct() {
        steps.mimicProduct();
    }
}
