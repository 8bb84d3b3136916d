package org.gradmimic.bench;

import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.gradmimic.device.Device;
import org.jspecify.annotations.Nullable;

/**
 * Times workloads against each other inside one JVM. JMH runs one benchmark after the other, in forks of its own: on a
 * machine that is shared, or whose clock drifts, the quotient of two such runs says more about the minutes between them than
 * about the code. Here every workload runs once in each round, so that a disturbance hits a round and not a side:
 *
 * <ol>
 *   <li>warm-up: all of them in turn, until compiled code is steady;
 *   <li>calibration: how many calls of each make a batch of the wanted length;
 *   <li>rounds: one batch of each, in an order that turns round from one round to the next; a long workload may have a batch
 *       of what it is compared with beside it. Rounds in which other
 *       processes were at work are repeated as long as patience lasts, and the least disturbed ones are kept: chosen by what
 *       the others took of the processors, never by what was measured.
 * </ol>
 *
 * A ratio is the median over rounds of the quotient of two times of one round.
 */
final class PairedRunner {
    /**
     * How long.
     *
     * @param rounds of one batch a workload
     * @param batchSeconds shortest time of a batch
     * @param warmupSeconds of all workloads together
     * @param patienceSeconds for rounds of all workloads together; {@code rounds} are made even where it runs out
     * @param clock that times batches
     */
    record Settings(int rounds, double batchSeconds, double warmupSeconds, double patienceSeconds, Clock clock) {
        static final Settings FULL = new Settings(41, 0.025, 4, 30, Clock.WALL);

        /** To see that everything runs; its numbers mean little. */
        static final Settings QUICK = new Settings(5, 0.005, 0.2, 0, Clock.WALL);

        Settings withRounds(int other) {
            return new Settings(other, batchSeconds, warmupSeconds, patienceSeconds, clock);
        }

        /** All rounds are kept, however busy others are. */
        Settings withoutPatience() {
            return new Settings(rounds, batchSeconds, warmupSeconds, 0, clock);
        }

        Settings withClock(Clock other) {
            return new Settings(rounds, batchSeconds, warmupSeconds, patienceSeconds, other);
        }
    }

    /** What a second is. */
    enum Clock {
        /** As a user waits. */
        WALL {
            @Override
            long nanoseconds() {
                return System.nanoTime();
            }
        },

        /** The processor's time for the calling thread: what others do on the machine hardly counts. For one thread only. */
        THREAD {
            @Override
            long nanoseconds() {
                return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
            }
        };

        abstract long nanoseconds();
    }

    /** What is called, and the workload that a batch of is timed beside each of its own; null for none. */
    private record Workload(Runnable call, @Nullable String base) {}

    /**
     * One round.
     *
     * @param neighbours what others took of the processors
     * @param seconds a call of each workload
     * @param beside the same of its base, of a workload that has one
     */
    private record Round(double neighbours, Map<String, Double> seconds, Map<String, Beside> beside) {
        double ratio(String name, String base) {
            return of(seconds, name) / base(name, base);
        }

        /** Seconds a call of {@code base}, those beside {@code name} if there are any. */
        double base(String name, String base) {
            Beside near = beside.get(name);
            return near != null && near.base().equals(base) ? near.seconds() : of(seconds, base);
        }
    }

    private record Beside(String base, double seconds) {}

    /** Seconds a call, of every workload in every round that was kept. */
    static final class Times {
        private final List<Round> rounds;

        private Times(List<Round> rounds) {
            this.rounds = rounds;
        }

        /** Rounds of the same workloads. */
        static Times joined(List<Times> parts) {
            return new Times(
                    parts.stream().flatMap(part -> part.rounds.stream()).toList());
        }

        /** What others took of the processors meanwhile, 0 to 1. */
        Interval neighbours() {
            return Interval.of(rounds.stream().mapToDouble(Round::neighbours).toArray());
        }

        Interval seconds(String name) {
            return Interval.of(of(name));
        }

        /** Of {@code base}, as {@link #ratio} has it. */
        Interval baseSeconds(String name, String base) {
            return Interval.of(
                    rounds.stream().mapToDouble(round -> round.base(name, base)).toArray());
        }

        /** time of {@code name} ÷ time of {@code base}. */
        Interval ratio(String name, String base) {
            return Interval.of(rounds.stream()
                    .mapToDouble(round -> round.ratio(name, base))
                    .toArray());
        }

        double[] of(String name) {
            return rounds.stream()
                    .mapToDouble(round -> round.seconds().get(name))
                    .toArray();
        }

        int rounds() {
            return rounds.size();
        }
    }

    /** Share of the processors that others may take of a round that counts as quiet; the kernel's count is this coarse. */
    private static final double QUIET = 0.06;

    /** OpenBLAS's threads look for more work, on a core of their own, for 2^26 cycles after a product. */
    private static final int SETTLE_MILLISECONDS = 40;

    private final Settings settings;
    private final Device device;
    private final Map<String, Workload> workloads = new LinkedHashMap<>();
    private final List<ProcessHandle> helpers = new ArrayList<>();

    PairedRunner(Settings settings) {
        this(settings, Device.CPU);
    }

    /** Of work on a device, which is waited for at both ends of a batch and not in between. */
    PairedRunner(Settings settings, Device device) {
        this.settings = settings;
        this.device = device;
    }

    /** Adds a workload; a call of it is what is timed. */
    PairedRunner add(String name, Runnable call) {
        workloads.put(name, new Workload(call, null));
        return this;
    }

    /**
     * Adds a workload whose every batch has one of another beside it, before or after in turn: for those so long that the
     * machine is another one at the other end of a round.
     */
    PairedRunner beside(String base, String name, Runnable call) {
        workloads.put(name, new Workload(call, base));
        return this;
    }

    /** A process that workloads work in: what it takes of the processors is not the neighbours'. */
    PairedRunner with(ProcessHandle helper) {
        helpers.add(helper);
        return this;
    }

    Times run() {
        List<String> order = new ArrayList<>(workloads.keySet());
        warmUp();
        Map<String, Integer> calls = new LinkedHashMap<>();
        for (String name : order) calls.put(name, calibrate(of(workloads, name).call()));
        List<Round> rounds = new ArrayList<>();
        Neighbours neighbours = new Neighbours(helpers);
        long begin = System.nanoTime();
        long quiet = 0;
        while (rounds.size() < settings.rounds()
                || quiet < settings.rounds() && (System.nanoTime() - begin) * 1e-9 < settings.patienceSeconds()) {
            Map<String, Double> seconds = new LinkedHashMap<>();
            Map<String, Beside> beside = new LinkedHashMap<>();
            neighbours.look();
            for (String name : order) {
                String base = of(workloads, name).base();
                boolean first = rounds.size() % 2 == 0;
                if (base != null && first) beside.put(name, new Beside(base, batch(base, of(calls, base))));
                seconds.put(name, batch(name, of(calls, name)));
                if (base != null && !first) beside.put(name, new Beside(base, batch(base, of(calls, base))));
            }
            Round round = new Round(neighbours.look(), seconds, beside);
            rounds.add(round);
            if (round.neighbours() < QUIET) quiet++;
            Collections.reverse(order);
        }
        rounds.sort(Comparator.comparingDouble(Round::neighbours));
        return new Times(rounds.subList(0, settings.rounds()));
    }

    private static <T> T of(Map<String, T> byName, String name) {
        return Objects.requireNonNull(byName.get(name), name);
    }

    /** Seconds a call. */
    private double batch(String name, int n) {
        Workload workload = of(workloads, name);
        if (device.kind() == Device.Kind.CPU) settle();
        // Its data comes back into the caches, freed memory into its places; a long step has neither.
        if (n > 1) workload.call().run();
        return time(workload.call(), n) / n;
    }

    /** Until the threads of the workload before have gone to sleep. */
    private static void settle() {
        try {
            Thread.sleep(SETTLE_MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while timing", e);
        }
    }

    private void warmUp() {
        double share = settings.warmupSeconds() / workloads.size() / 2;
        for (int half = 0; half < 2; half++) {
            for (Workload workload : workloads.values()) {
                long begin = System.nanoTime();
                do {
                    workload.call().run();
                    device.await();
                } while ((System.nanoTime() - begin) * 1e-9 < share);
            }
        }
    }

    private int calibrate(Runnable call) {
        for (int n = 1; ; n *= 2) {
            double elapsed = time(call, n);
            if (elapsed >= settings.batchSeconds()) {
                return (int) Math.max(1, Math.ceil(n * settings.batchSeconds() / elapsed));
            }
        }
    }

    private double time(Runnable call, int n) {
        device.await();
        long begin = settings.clock().nanoseconds();
        for (int i = 0; i < n; i++) call.run();
        device.await();
        return (settings.clock().nanoseconds() - begin) * 1e-9;
    }
}
