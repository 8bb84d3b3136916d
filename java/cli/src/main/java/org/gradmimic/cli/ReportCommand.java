package org.gradmimic.cli;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.gradmimic.base.InputException;
import org.gradmimic.report.html.Report;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Makes a page of one or several runs. */
@Command(
        name = "report",
        sortOptions = false,
        description = "Makes one HTML file of the runs in some folders: scores, weights, samples with images, classes,"
                + " learning curves and filters. It opens in a browser without a network.",
        footer = {"", "  gradmimic report runs/demo --out report.html"})
final class ReportCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Parameters(
            arity = "1..*",
            paramLabel = "RUN_DIR",
            description = "The folders of runs: of a demo, an audit, a probe or a training, or a folder with a filter.")
    private List<Path> runs = List.of();

    @Option(names = "--out", required = true, paramLabel = "FILE", description = "The page; its name ends in .html.")
    private Path out;

    @Option(
            names = "--images",
            paramLabel = "WHERE",
            description =
                    "Where the images of the samples are: a folder, a tar or zip archive, or the spec of a data set"
                            + " (default: the data set that the run names).")
    private @Nullable String images;

    @Option(
            names = "--thumbnails",
            paramLabel = "N",
            defaultValue = "" + Report.THUMBNAILS,
            description = "How many samples of each run have images in the page: half of them the most suspicious ones,"
                    + " half the least (default: ${DEFAULT-VALUE}).")
    private int thumbnails;

    @Option(
            names = "--truth",
            paramLabel = "CLEAN",
            description = "A filter that keeps the samples known to be clean. The page compares with it.")
    private @Nullable Path truth;

    @Override
    public Integer call() {
        if (!out.toString().endsWith(".html")) throw InputException.in(out, "expected a name that ends in .html");
        if (thumbnails < 0) throw new InputException("--thumbnails is " + thumbnails + "; it must not be negative");
        Report.Builder report = Report.builder()
                .thumbnails(thumbnails)
                .threads(common.threads())
                .madeBy("gradmimic " + BuildInfo.version());
        runs.forEach(report::run);
        if (images != null) report.images(images);
        if (truth != null) report.truth(truth);
        Report.Written written = report.build().write(out);
        written.sentences().forEach(common.out()::println);
        common.out()
                .printf(
                        Locale.ROOT,
                        "%s: %.1f MB, %,d samples, %,d images%n",
                        out,
                        written.bytes() * 1e-6,
                        written.samples(),
                        written.images());
        return 0;
    }
}
