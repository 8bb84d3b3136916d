package org.gradmimic.report.html;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.gradmimic.io.Json;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/**
 * Times pages of many samples, by command: {@code -Dgradmimic.report.write=FILE} writes what it measured. docs/report.md
 * has the results.
 */
@EnabledIfSystemProperty(named = "gradmimic.report.write", matches = ".+")
class ReportScaleTest {
    private static final int OPENED = 3;
    private static final int PICTURES = 1000;

    @TempDir
    private Path folder;

    @Test
    void largeRunsOpenAndScroll() throws Exception {
        Optional<Path> program = Chromium.find();
        assumeTrue(program.isPresent(), "no Chromium on the PATH");
        List<Map<String, Object>> results = new ArrayList<>();
        try (Chromium browser = new Chromium(program.get(), Files.createDirectory(folder.resolve("profile")))) {
            browser.size(1280, 900);
            browser.prefersDark(false);
            browser.call("Performance.enable", Map.of("timeDomain", "threadTicks"));
            results.add(measure(browser, 60_000, 8));
            results.add(measure(browser, 1_000_000, 4));
        }
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("processors", Runtime.getRuntime().availableProcessors());
        all.put("chromium", version(program.get()));
        all.put(
                "load_average",
                java.lang.management.ManagementFactory.getOperatingSystemMXBean()
                        .getSystemLoadAverage());
        all.put("pages", results);
        Files.write(Path.of(System.getProperty("gradmimic.report.write")), Json.pretty(all));
    }

    private static String version(Path program) throws Exception {
        Process process = new ProcessBuilder(program.toString(), "--version").start();
        return new String(process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8).strip();
    }

    /** The processor time of the page's main thread, which other programs on the machine do not lengthen. */
    private static double mainThreadSeconds(Chromium browser) throws Exception {
        return browser.call("Performance.getMetrics", Map.of())
                .required("metrics")
                .valueStream()
                .filter(metric -> metric.required("name").stringValue().equals("TaskDuration"))
                .findFirst()
                .orElseThrow()
                .required("value")
                .doubleValue();
    }

    private Map<String, Object> measure(Chromium browser, int samples, int epochs) throws Exception {
        RunFixture run = new RunFixture(folder.resolve("run" + samples), samples, epochs).write();
        double[] means =
                IntStream.range(0, samples).mapToDouble(run::mean).sorted().toArray();
        double high = means[samples - PICTURES];
        // In this fixture the suspected samples are ranked by their ids.
        Path images = run.writeImages(i -> i < 10 * PICTURES && !run.keep[i] || run.mean(i) >= high);
        Path page = folder.resolve("report" + samples + ".html");
        long begin = System.nanoTime();
        Report.builder()
                .run(run.folder)
                .images(images.toString())
                .threads(2)
                .build()
                .write(page);
        Map<String, Object> result = new LinkedHashMap<>();
        result.put("samples", samples);
        result.put("epochs", epochs);
        result.put("write_seconds", (System.nanoTime() - begin) * 1e-9);
        result.put("file_megabytes", Files.size(page) * 1e-6);
        double[] open = new double[OPENED];
        double[] processor = new double[OPENED];
        for (int i = 0; i < OPENED; i++) {
            open[i] = browser.open(page);
            processor[i] = mainThreadSeconds(browser); // counted from the navigation on
        }
        Arrays.sort(open);
        Arrays.sort(processor);
        result.put("open_seconds", open);
        result.put("open_main_thread_processor_seconds", processor);
        double before = mainThreadSeconds(browser);
        JsonNode scrolled = browser.evaluate("""
                new Promise(done => {
                  const list = document.getElementById('list');
                  const times = [];
                  const step = now => {
                    times.push(now);
                    list.scrollTop += 90;
                    if (now - times[0] < 3000) requestAnimationFrame(step);
                    else done([1000 * (times.length - 1) / (now - times[0]), Math.max(...times.slice(1).map((t, i) => t - times[i])), list.scrollTop, times.length - 1]);
                  };
                  requestAnimationFrame(step);
                })""");
        result.put("scroll_frames_per_second", scrolled.get(0).doubleValue());
        result.put("scroll_longest_frame_milliseconds", scrolled.get(1).doubleValue());
        result.put(
                "scroll_main_thread_processor_milliseconds_per_frame",
                1000 * (mainThreadSeconds(browser) - before) / scrolled.get(3).doubleValue());
        assertThat(scrolled.get(2).doubleValue()).isGreaterThan(1000);
        long search = browser.evaluate("""
                (() => {
                  const begin = performance.now();
                  const query = document.getElementById('query');
                  query.value = 'train/cat/1';
                  query.dispatchEvent(new Event('input'));
                  return new Promise(done => {
                    const before = document.getElementById('count').textContent;
                    const look = () => document.getElementById('count').textContent === before
                      ? requestAnimationFrame(look) : done(Math.round(performance.now() - begin));
                    look();
                  });
                })()""").longValue();
        result.put("search_milliseconds", search);
        browser.evaluate(ReportPageTest.axe() + "; true");
        JsonNode findings = browser.evaluate(
                "axe.run(document, {resultTypes: ['violations']}).then(r => r.violations.map(v => `${v.impact} ${v.id}`))");
        result.put(
                "axe_findings",
                findings.valueStream().map(JsonNode::stringValue).toList());
        assertThat(browser.problems()).isEmpty();
        return result;
    }
}
