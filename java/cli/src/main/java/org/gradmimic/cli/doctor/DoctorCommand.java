package org.gradmimic.cli.doctor;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.gradmimic.cli.BuildInfo;
import org.gradmimic.cli.CommonOptions;
import org.gradmimic.cli.doctor.Finding.Level;
import org.gradmimic.model.caption.ClipTokenizer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Checks everything that gradmimic needs on this machine. The exit code is 0 if it can be used, 1 if not. */
@Command(
        name = "doctor",
        description = "Checks this machine and the native libraries, and says how to fix each problem.",
        footer = {"", "Exit code: 0 if gradmimic can be used here, 1 if not."})
public final class DoctorCommand implements Callable<Integer> {
    private static final String FORMAT = "%-8s %-13s %s";

    @Mixin
    private CommonOptions common;

    @Override
    public Integer call() {
        List<Finding> findings = examine();
        PrintWriter out = common.out();
        findings.forEach(finding -> print(finding, out));
        long problems = count(findings, Level.PROBLEM);
        long warnings = count(findings, Level.WARNING);
        out.println();
        out.println((problems == 0 ? "gradmimic can be used here" : "gradmimic cannot be used here") + ": " + problems
                + (problems == 1 ? " problem, " : " problems, ") + warnings
                + (warnings == 1 ? " warning." : " warnings."));
        return problems == 0 ? 0 : 1;
    }

    private List<Finding> examine() {
        List<Finding> findings = new ArrayList<>(List.of(
                Finding.ok("gradmimic", BuildInfo.version()),
                Check.run("Java", Machine::java),
                Check.run("System", Machine::system),
                Check.run("Processor", Machine::processor),
                Check.run("Memory", Machine::memory),
                Check.run("Native cache", NativeCache::look),
                // LibTorch comes with its own OpenMP runtime, which libgradmimic shares if it is loaded later.
                Check.run("LibTorch", Libraries::torch),
                Check.run("libgradmimic", Libraries::gradmimic),
                Check.run("Threads", () -> {
                    common.applyThreads();
                    return Libraries.threads();
                }),
                Check.run("OpenMP", OpenMp::look),
                Check.run("CUDA", Cuda::look),
                Check.run("OpenCV", Libraries::openCv),
                Check.run("DuckDB", Libraries::duckDb),
                Check.run("Tokenizers", () -> Finding.ok("Tokenizers", ClipTokenizer.load()))));
        findings.addAll(Cuda.libraries());
        return findings;
    }

    private static long count(List<Finding> findings, Level level) {
        return findings.stream().filter(finding -> finding.level() == level).count();
    }

    private static void print(Finding finding, PrintWriter out) {
        String level = finding.level().name().toLowerCase(Locale.ROOT);
        out.println(String.format(FORMAT, level, finding.item(), finding.text()));
        if (finding.advice() != null) out.println(String.format(FORMAT, "", "", "-> " + finding.advice()));
    }
}
