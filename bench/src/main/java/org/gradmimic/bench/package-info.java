/**
 * Benchmarks. Each {@code *Benchmark} is a JMH class over a workload of the same stem ({@link org.gradmimic.bench.ProbeSteps},
 * ...); {@link org.gradmimic.bench.Bench} times the same workloads against each other in interleaved rounds and writes the
 * ratios that docs/benchmarks.md quotes.
 */
@NullMarked
package org.gradmimic.bench;

import org.jspecify.annotations.NullMarked;
