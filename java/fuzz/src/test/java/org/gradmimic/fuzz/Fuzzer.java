package org.gradmimic.fuzz;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.gradmimic.base.GradmimicException;
import org.gradmimic.base.InternalException;
import org.gradmimic.base.SplitMix;
import org.jspecify.annotations.Nullable;

/**
 * Runs the mutated files of one format. Case i of a seed is always the same, so that a fault can be seen again. The file of
 * the case that runs lies on disk, so that it is there if the JVM dies.
 */
final class Fuzzer {
    private static final long MAX_NANOS = TimeUnit.SECONDS.toNanos(10);
    private static final long MAX_BYTES = 256L << 20;
    private static final int MAX_FAULTS = 20;

    /** To read the size of the process after every case would take longer than most cases. */
    private static final int CASES_OF_ONE_SIZE = 32;

    private final Format format;
    private final Path folder;
    private final Path faults;
    private final boolean measuresMemory;
    private final List<String> found = Collections.synchronizedList(new ArrayList<>());
    private long accepted;
    private long refused;
    private String lastRefusal = "";
    private volatile long running = -1;
    private volatile long since = System.nanoTime();

    /**
     * @param folder where mutated files are written; what else the reader needs lies there
     * @param faults gets the files that were not read as they should be
     */
    Fuzzer(Format format, Path folder, Path faults) throws IOException {
        this.format = format;
        this.folder = folder;
        this.faults = Files.createDirectories(faults);
        this.measuresMemory = Memory.resetPeak();
    }

    /** What came out. */
    record Result(long cases, long accepted, long refused, List<String> faults) {}

    /** The bytes of a case. Most are repaired, because little else gets behind the checksums. */
    static byte[] bytes(Format format, long seed, long number) {
        SplitMix random = SplitMix.of(seed, format.name().hashCode(), number);
        byte[] bytes = new Mutator(random).mutate(format.seeds());
        return random.nextInt(4) == 0 ? bytes : format.repair().apply(bytes);
    }

    /** What is mutated must be read itself: otherwise every mutation is refused for the same reason. */
    void requireSeedsAreRead() throws IOException {
        long before = refused;
        for (byte[] whole : format.seeds()) {
            String fault = outcome(whole);
            if (fault != null || refused > before) {
                throw new AssertionError(format + ": a seed is not read: " + (fault == null ? lastRefusal : fault));
            }
        }
    }

    /** Runs cases from a number on, until there are so many, the time is over or too many faults are found. */
    Result run(long seed, long first, long mutations, long nanos) throws IOException, InterruptedException {
        long end = System.nanoTime() + nanos;
        accepted = 0;
        refused = 0;
        Thread worker = new Thread(() -> work(seed, first, mutations, end), "cases of " + format);
        worker.setDaemon(true);
        worker.start();
        while (worker.isAlive()) {
            worker.join(100);
            if (running >= 0 && System.nanoTime() - since > MAX_NANOS) {
                long number = running;
                keep(seed, number, bytes(format, seed, number), "takes more than 10 s");
                break; // the thread is still at work
            }
        }
        return new Result(accepted + refused + found.size(), accepted, refused, List.copyOf(found));
    }

    private void work(long seed, long first, long mutations, long end) {
        long before = 0;
        for (long done = 0; done < mutations && System.nanoTime() < end && found.size() < MAX_FAULTS; done++) {
            long number = first + done;
            byte[] bytes = bytes(format, seed, number);
            since = System.nanoTime();
            running = number;
            try {
                if (measuresMemory && done % CASES_OF_ONE_SIZE == 0) {
                    Memory.resetPeak();
                    before = Memory.resident();
                }
                String fault = outcome(bytes);
                if (fault != null) keep(seed, number, bytes, fault);
                if (measuresMemory && done % CASES_OF_ONE_SIZE == CASES_OF_ONE_SIZE - 1) {
                    long more = Memory.peak() - before;
                    if (more > MAX_BYTES) {
                        keep(seed, number, bytes, "this one or one of those before takes " + (more >> 20) + " MB");
                    }
                }
            } catch (IOException e) {
                found.add("case " + number + " cannot be run: " + e);
            }
        }
        running = -1;
    }

    private void keep(long seed, long number, byte[] bytes, String fault) throws IOException {
        Path kept = faults.resolve(format + "-" + seed + "-" + number);
        Files.write(kept, bytes);
        found.add(kept.getFileName() + ": " + fault);
    }

    private @Nullable String outcome(byte[] bytes) throws IOException {
        Path file = Files.write(folder.resolve(format.file()), bytes);
        try {
            format.reader().read(file);
            accepted++;
            return null;
        } catch (InternalException e) {
            return describe(e);
        } catch (GradmimicException e) {
            refused++;
            lastRefusal = String.valueOf(e.getMessage());
            return null;
        } catch (Throwable e) { // an error of the JVM is a fault like any other
            return describe(e);
        }
    }

    private static String describe(Throwable e) {
        StringBuilder text = new StringBuilder(e.toString().replaceAll("\\s+", " "));
        for (StackTraceElement element : e.getStackTrace()) {
            if (element.getClassName().startsWith("org.gradmimic")) {
                text.append(" at ").append(element);
                break;
            }
        }
        return text.toString();
    }
}
