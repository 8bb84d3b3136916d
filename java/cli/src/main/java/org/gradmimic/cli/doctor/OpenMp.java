package org.gradmimic.cli.doctor;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Whether LibTorch and libgradmimic share one OpenMP runtime. Two runtimes would compete for the cores. */
final class OpenMp {
    private static final String ITEM = "OpenMP";
    private static final Path MAPS = Path.of("/proc/self/maps");
    private static final Pattern RUNTIME = Pattern.compile("(/\\S.*/lib(?:gomp|iomp5|omp)[-.][-.\\w]*)$");

    private OpenMp() {}

    /** To be called when all libraries are loaded. */
    static Finding look() throws IOException {
        if (!Files.exists(MAPS)) return Finding.ok(ITEM, "unknown: this system has no " + MAPS);
        return judge(runtimes(Files.readAllLines(MAPS)));
    }

    /** The files of OpenMP runtimes among a process's mappings. */
    static Set<String> runtimes(List<String> maps) {
        Set<String> files = new TreeSet<>();
        for (String line : maps) {
            Matcher matcher = RUNTIME.matcher(line);
            if (matcher.find()) files.add(matcher.group(1));
        }
        return files;
    }

    static Finding judge(Set<String> runtimes) {
        switch (runtimes.size()) {
            case 0:
                return Finding.warning(ITEM, "no runtime is loaded", "check which other libraries could not be loaded");
            case 1:
                return Finding.ok(
                        ITEM, "one runtime, shared: " + runtimes.iterator().next());
            default:
                return Finding.warning(
                        ITEM,
                        runtimes.size() + " runtimes in one process: " + String.join(", ", runtimes),
                        "each has its own threads, and --threads limits only one; look for one that LD_PRELOAD"
                                + " or LD_LIBRARY_PATH adds, and load LibTorch before libgradmimic");
        }
    }
}
