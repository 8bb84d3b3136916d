package org.gradmimic.fuzz;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.gradmimic.base.GradmimicException;
import org.gradmimic.base.InternalException;
import org.gradmimic.base.SplitMix;
import org.jspecify.annotations.Nullable;

/**
 * Runs the mutated files of one format. Case i of a seed is always the same, so that a fault can be seen again. The file of
 * the case that runs lies on disk, so that it is there if the JVM dies.
 */
final class Fuzzer implements AutoCloseable {
    private static final long MAX_SECONDS = 10;
    private static final long MAX_BYTES = 256L << 20;
    private static final int MAX_FAULTS = 20;

    private final Format format;
    private final Path folder;
    private final Path faults;
    private final boolean measuresMemory;
    private final ExecutorService worker = Executors.newSingleThreadExecutor(task -> {
        Thread thread = new Thread(task, "case");
        thread.setDaemon(true);
        return thread;
    });
    private final List<String> found = new ArrayList<>();
    private long accepted;
    private long refused;
    private String lastRefusal = "";

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
    void requireSeedsAreRead() throws IOException, InterruptedException {
        refused = 0;
        for (byte[] whole : format.seeds()) {
            String fault = judge(whole);
            if (fault != null || refused > 0) {
                throw new AssertionError(format + ": a seed is not read: " + (fault == null ? lastRefusal : fault));
            }
        }
    }

    /** Runs cases from a number on, until there are so many, the time is over or too many faults are found. */
    Result run(long seed, long first, long mutations, long nanos) throws IOException, InterruptedException {
        long end = System.nanoTime() + nanos;
        long done = 0;
        boolean stuck = false;
        accepted = 0;
        refused = 0;
        while (!stuck && done < mutations && System.nanoTime() < end && found.size() < MAX_FAULTS) {
            long number = first + done++;
            byte[] bytes = bytes(format, seed, number);
            String fault = judge(bytes);
            if (fault != null) {
                Path kept = faults.resolve(format + "-" + seed + "-" + number);
                Files.write(kept, bytes);
                found.add(kept.getFileName() + ": " + fault);
                stuck = fault.startsWith("takes more than " + MAX_SECONDS); // its thread is still at work
            }
        }
        return new Result(done, accepted, refused, List.copyOf(found));
    }

    private @Nullable String judge(byte[] bytes) throws IOException, InterruptedException {
        Path file = Files.write(folder.resolve(format.file()), bytes);
        long before = 0;
        if (measuresMemory) {
            Memory.resetPeak();
            before = Memory.resident();
        }
        String fault = outcome(file);
        if (fault == null && measuresMemory) {
            long more = Memory.peak() - before;
            if (more > MAX_BYTES) fault = "takes " + (more >> 20) + " MB";
        }
        return fault;
    }

    private @Nullable String outcome(Path file) throws InterruptedException {
        Future<?> future = worker.submit(() -> {
            format.reader().read(file);
            return file;
        });
        try {
            future.get(MAX_SECONDS, TimeUnit.SECONDS);
            accepted++;
            return null;
        } catch (TimeoutException e) {
            return "takes more than " + MAX_SECONDS + " s";
        } catch (ExecutionException e) {
            Throwable cause = Objects.requireNonNull(e.getCause());
            if (cause instanceof GradmimicException && !(cause instanceof InternalException)) {
                refused++;
                lastRefusal = String.valueOf(cause.getMessage());
                return null;
            }
            StringBuilder text = new StringBuilder(cause.toString().replaceAll("\\s+", " "));
            for (StackTraceElement element : cause.getStackTrace()) {
                if (element.getClassName().startsWith("org.gradmimic")) {
                    text.append(" at ").append(element);
                    break;
                }
            }
            return text.toString();
        }
    }

    @Override
    public void close() {
        worker.shutdownNow();
    }
}
