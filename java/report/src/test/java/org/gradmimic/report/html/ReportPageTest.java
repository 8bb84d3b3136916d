package org.gradmimic.report.html;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** The page in a real browser: every control is used, nothing is logged and nothing is asked for. */
class ReportPageTest {
    /** What a name must not do: each of these would set a title if it ran. */
    private static final List<String> HOSTILE = List.of(
            "<img src=x onerror=document.title='run'>.jpg",
            "</script><script>document.title='run'</script>",
            "\"><svg onload=document.title='run'>",
            "javascript:document.title='run'",
            "=HYPERLINK(\"http://example.invalid\")");

    @TempDir
    private static Path folder;

    private static RunFixture run;
    private static Path page;
    private static Path hostilePage;
    private static Chromium browser;

    @BeforeAll
    static void open() throws Exception {
        Optional<Path> program = Chromium.find();
        assumeTrue(program.isPresent(), "no Chromium on the PATH; Debian has it in the package chromium");
        run = new RunFixture(folder.resolve("audit-1"), 600, 4);
        run.write();
        RunFixture other = new RunFixture(folder.resolve("audit-2"), 600, 6);
        other.write();
        page = folder.resolve("report.html");
        Report.builder()
                .run(run.folder)
                .run(other.folder)
                .images(run.writeImages().toString())
                .thumbnails(100)
                .build()
                .write(page);
        RunFixture hostile = new RunFixture(folder.resolve("<b>hostile"), 60, 2);
        for (int i = 0; i < 60; i++) {
            hostile.path[i] = HOSTILE.get(i % HOSTILE.size()) + i;
            hostile.caption[i] = HOSTILE.get((i + 1) % HOSTILE.size());
        }
        hostile.write();
        Files.write(
                hostile.folder.resolve("classes.txt"),
                Stream.of(0, 1, 2, 3, 4).map(c -> HOSTILE.get(c) + " class").toList());
        hostilePage = folder.resolve("hostile.html");
        Report.builder().run(hostile.folder).build().write(hostilePage);
        browser = new Chromium(program.get(), Files.createDirectories(folder.resolve("profile")));
    }

    @AfterAll
    static void close() throws Exception {
        if (browser != null) browser.close();
    }

    @BeforeEach
    void begin() throws Exception {
        browser.size(1280, 900);
        browser.prefersDark(false);
    }

    private static void openPage(Path file) throws Exception {
        browser.open(file);
    }

    private static void requireQuiet(Path file) {
        assertThat(browser.problems()).isEmpty();
        assertThat(browser.requests())
                .allMatch(url -> url.equals(file.toUri().toString())
                        || url.startsWith("data:image/jpeg")
                        || url.startsWith("blob:"));
    }

    private static int count() throws Exception {
        return Integer.parseInt(browser.text("#count").replaceAll("[^0-9].*", ""));
    }

    private static long number(String expression) throws Exception {
        return browser.evaluate(expression).longValue();
    }

    private static void input(String id, Object value) throws Exception {
        browser.evaluate(
                "(() => { const e = document.getElementById('" + id + "'); e.value = '" + value
                        + "'; e.dispatchEvent(new Event('input', {bubbles: true})); e.dispatchEvent(new Event('change', {bubbles: true})); })()");
    }

    private static void waitFor(String condition) throws Exception {
        for (int i = 0; i < 200; i++) {
            if (browser.evaluate(condition).booleanValue()) return;
            Thread.sleep(25);
        }
        throw new AssertionError(condition + " did not become true");
    }

    @Test
    void showsTheRun() throws Exception {
        openPage(page);
        long suspected = run.samples - countKept();
        assertThat(browser.text("#sentence")).contains("Of 600 samples, " + suspected + " are suspected");
        assertThat(browser.text("#figures")).contains("Samples600", "Cost of a step1.20\u00a0×");
        assertThat(number("document.querySelectorAll('.chart canvas').length")).isGreaterThanOrEqualTo(5);
        assertThat(count()).isEqualTo(600);
        assertThat(number("document.querySelectorAll('#list img').length")).isPositive();
        assertThat(browser.evaluate(
                                "[...document.querySelectorAll('#list img')].every(i => i.complete && i.naturalWidth === 32)")
                        .booleanValue())
                .isTrue();
        assertThat(browser.text("#run-details"))
                .contains("gradmimic audit", " 'images:my images'", " --epochs 4", " --out ");
        requireQuiet(page);
    }

    private static long countKept() {
        long kept = 0;
        for (boolean keep : run.keep) kept += keep ? 1 : 0;
        return kept;
    }

    @Test
    void searchesFiltersAndOrders() throws Exception {
        openPage(page);
        browser.click("#query");
        browser.type("train/cat/");
        waitFor("!document.getElementById('count').textContent.startsWith('600')");
        int cats = 0;
        for (int label : run.label) cats += label == 3 ? 1 : 0;
        assertThat(count()).isEqualTo(cats);
        input("query", "#17");
        waitFor("document.getElementById('count').textContent.startsWith('1 ')");
        assertThat(browser.evaluate("document.querySelector('#list [role=option]').title")
                        .stringValue())
                .isEqualTo(run.path[17]);
        input("query", "photo of a deer");
        waitFor("!document.getElementById('count').textContent.startsWith('1 ')");
        int deer = 0;
        for (int label : run.label) deer += label == 4 ? 1 : 0;
        assertThat(count()).isEqualTo(deer);
        input("query", "");
        waitFor("document.getElementById('count').textContent.startsWith('600')");

        input("class-filter", "1");
        int cars = 0;
        for (int i = 0; i < run.samples; i++)
            cars += run.label[i] == 1 || !run.keep[i] && run.suggested[i] == 1 ? 1 : 0;
        assertThat(count()).isEqualTo(cars);
        input("class-filter", "");
        input("show", "suspected");
        assertThat(count()).isEqualTo(run.samples - (int) countKept());
        input("show", "mislabelled");
        int wrong = 0;
        for (boolean mislabelled : run.mislabelled) wrong += mislabelled ? 1 : 0;
        assertThat(count()).isEqualTo(wrong);
        input("show", "all");
        input("order", "-score");
        String best = browser.evaluate("document.querySelector('#list [role=option]').title")
                .stringValue();
        input("order", "score");
        String worst = browser.evaluate("document.querySelector('#list [role=option]').title")
                .stringValue();
        assertThat(mean(best)).isGreaterThan(mean(worst));
        for (String order : List.of("rank", "weight", "-weight", "keep", "id", "names")) {
            input("order", order);
            assertThat(count()).isEqualTo(600);
        }
        requireQuiet(page);
    }

    private static double mean(String path) {
        return run.mean(List.of(run.path).indexOf(path));
    }

    @Test
    void theThresholdSaysWhatIsKept() throws Exception {
        openPage(page);
        for (String measure : List.of("weight", "score")) {
            browser.click("#measure input[value=" + measure + "]");
            for (int k : new int[] {0, 60, 120, 180, 240}) {
                input("threshold", k);
                int kept = Integer.parseInt(browser.text("#kept").replaceAll("[^0-9].*", ""));
                input("show", "kept");
                assertThat(count()).as("%s at %d", measure, k).isEqualTo(kept);
                input("show", "discarded");
                assertThat(count()).isEqualTo(600 - kept);
                input("show", "all");
            }
            assertThat(browser.text("#kept")).contains("precision", "recall");
        }
        input("threshold", 0);
        assertThat(browser.text("#kept")).startsWith("600 kept (100.0\u00a0%), 0 discarded");
        browser.click("#cut .u-over");
        assertThat(number("Number(document.getElementById('threshold').value)")).isBetween(60L, 180L);
        input("epoch", 1);
        assertThat(browser.text("#epoch-title")).isEqualTo("Epoch 2");
        requireQuiet(page);
    }

    @Test
    void aSampleIsChosenByMouseAndKeyboard() throws Exception {
        openPage(page);
        browser.click("#list [data-place='2']");
        assertThat(browser.text("#detail h3"))
                .isEqualTo(browser.evaluate("document.querySelector('[data-place=\"2\"]').title")
                        .stringValue());
        assertThat(browser.text("#detail dl"))
                .contains("given label", "suggested label", "caption", "a photo of a", "mean score");
        assertThat(number("document.querySelectorAll('#detail canvas').length")).isEqualTo(1);
        browser.evaluate("document.getElementById('list').focus()");
        String before = browser.text("#detail h3");
        browser.key("ArrowRight", 39);
        assertThat(browser.text("#detail h3")).isNotEqualTo(before);
        browser.key("ArrowLeft", 37);
        assertThat(browser.text("#detail h3")).isEqualTo(before);
        browser.key("End", 35);
        waitFor(
                "document.querySelector('#list .chosen') !== null && document.querySelector('#list .chosen').getAttribute('aria-posinset') === '600'");
        assertThat(browser.evaluate("document.getElementById('list').getAttribute('aria-activedescendant')")
                        .stringValue())
                .isEqualTo("option-599");
        browser.key("Home", 36);
        waitFor("document.querySelector('#list .chosen')?.getAttribute('aria-posinset') === '1'");
        browser.click("#view input[value=list]");
        assertThat(number("document.querySelectorAll('#list .line').length")).isPositive();
        browser.click("#view input[value=images]");
        assertThat(number("document.querySelectorAll('#list .card').length")).isPositive();
        requireQuiet(page);
    }

    @Test
    void classesCurvesFiltersAndRuns() throws Exception {
        openPage(page);
        assertThat(number("document.querySelectorAll('#class-table tbody tr').length"))
                .isEqualTo(5);
        browser.click("#class-table thead th:nth-child(1) button");
        assertThat(browser.text("#class-table tbody tr th")).isEqualTo("bird");
        browser.click("#class-table thead th:nth-child(1) button");
        assertThat(browser.text("#class-table tbody tr th")).isEqualTo("plane");
        browser.click("#class-table tbody tr:nth-child(1) button");
        assertThat(browser.evaluate("document.getElementById('class-filter').value")
                        .stringValue())
                .isEqualTo("0");
        assertThat(number("document.querySelectorAll('.matrix tbody tr').length"))
                .isEqualTo(5);
        long matrix = number(
                "[...document.querySelectorAll('.matrix td[title]')].reduce((a, td) => a + Number(td.textContent.replaceAll(',', '')), 0)");
        assertThat(matrix).isEqualTo(600 - countKept());
        for (String metric : List.of("mean_loss", "test_accuracy")) {
            input("metric", metric);
            assertThat(number("document.querySelectorAll('#curves .legend i').length"))
                    .isEqualTo(4);
        }
        assertThat(browser.text("#cost")).contains("Times plain training", "1.200");
        assertThat(browser.text("#filter-tables"))
                .contains("keep.npy", "Jaccard index", "audit-1: keep.npy and audit-2: keep.npy");
        browser.click("#run-details button");
        waitFor("document.querySelector('#run-details button').textContent !== 'Copy the command'");
        input("run-select", "1");
        assertThat(browser.text("#title")).contains("audit-2");
        assertThat(number("Number(document.getElementById('epoch').max)")).isEqualTo(6);
        for (String summary : List.of("#bands summary", "#curves summary")) {
            browser.click(summary);
            waitFor("document.querySelector('" + summary.split(" ")[0] + " details table') !== null");
        }
        requireQuiet(page);
    }

    @Test
    void theListIsDownloadedAsCsv() throws Exception {
        openPage(page);
        input("show", "suspected");
        String csv = download();
        List<String> lines = csv.lines().toList();
        assertThat(lines.get(0))
                .isEqualTo(
                        "id,path,given_label,suggested_label,caption,mimic_score,relative_weight,loss,keep_probability,mislabelled,kept");
        assertThat(lines).hasSize(1 + 600 - (int) countKept());
        String[] first = lines.get(1).split(",");
        int id = Integer.parseInt(first[0]);
        assertThat(first[1]).isEqualTo(run.path[id]);
        assertThat(first[2]).isEqualTo(RunFixture.CLASSES.get(run.label[id]));
        assertThat(first[3]).isEqualTo(RunFixture.CLASSES.get(run.suggested[id]));
        assertThat(Double.parseDouble(first[5]))
                .isCloseTo(mean(run.path[id]), org.assertj.core.data.Offset.offset(1e-6));
        openPage(hostilePage);
        assertThat(download()).contains("'=HYPERLINK").doesNotContain("\n=", ",=");
    }

    private static String download() throws Exception {
        Path downloads = Files.createTempDirectory(folder, "downloads");
        browser.call("Browser.setDownloadBehavior", Map.of("behavior", "allow", "downloadPath", downloads.toString()));
        browser.click("#download");
        Path file = downloads.resolve("samples.csv");
        for (int i = 0; i < 400 && !Files.exists(file); i++) Thread.sleep(25);
        return Files.readString(file, StandardCharsets.UTF_8);
    }

    @Test
    void hostileNamesRunNothing() throws Exception {
        assertThat(Files.readString(hostilePage)).doesNotContain("document.title='run'");
        openPage(hostilePage);
        browser.click("#list [data-place='1']");
        browser.click("#view input[value=list]");
        input("query", "script");
        waitFor("!document.getElementById('count').textContent.startsWith('60 ')");
        input("query", "");
        assertThat(browser.evaluate("document.title").stringValue())
                .startsWith("<b>hostile")
                .doesNotContain("run");
        assertThat(number("document.querySelectorAll('b, svg, img, iframe').length"))
                .isZero();
        assertThat(number("document.scripts.length")).isEqualTo(2);
        requireQuiet(hostilePage);
    }

    /** The policy of the page stops what a hole in it would have to do. */
    @Test
    void nothingLeavesThePage() throws Exception {
        openPage(page);
        JsonNode blocked = browser.evaluate("""
                (async () => {
                  const blocked = [];
                  document.addEventListener('securitypolicyviolation', e => blocked.push(e.effectiveDirective));
                  await fetch('http://127.0.0.1:9/').catch(() => {});
                  const image = new Image(); image.src = 'http://127.0.0.1:9/x.png';
                  const script = document.createElement('script'); script.textContent = 'document.title = "run"'; document.body.append(script);
                  const div = document.createElement('div'); div.innerHTML = '<img src="data:image/gif;base64,AA" onerror="document.title = `run`">'; document.body.append(div);
                  const frame = document.createElement('iframe'); frame.src = 'http://127.0.0.1:9/'; document.body.append(frame);
                  for (let i = 0; i < 60 && blocked.length < 5; i++) await new Promise(done => setTimeout(done, 50));
                  return blocked;
                })()""");
        assertThat(blocked.valueStream().map(JsonNode::stringValue))
                .contains("connect-src", "img-src", "script-src-elem", "script-src-attr", "frame-src");
        assertThat(browser.evaluate("document.title").stringValue()).isNotEqualTo("run");
    }

    @Test
    void axeFindsNothingSerious() throws Exception {
        String axe = axe();
        for (boolean dark : new boolean[] {false, true}) {
            browser.prefersDark(dark);
            openPage(page);
            browser.evaluate(axe + "; true");
            JsonNode found = browser.evaluate(
                    "axe.run(document, {resultTypes: ['violations']}).then(r => r.violations.map(v =>"
                            + " `${v.impact} ${v.id}: ${v.nodes.slice(0, 3).map(n => n.target.join(' ') + ' ' + n.failureSummary).join(' | ')}`))");
            assertThat(found.valueStream().map(JsonNode::stringValue))
                    .as("dark: " + dark)
                    .isEmpty();
        }
    }

    static String axe() throws IOException {
        try (var in = ReportPageTest.class.getResourceAsStream("/axe.min.js")) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    @Test
    void coloursFollowTheSystemAndTheButton() throws Exception {
        openPage(page);
        String background = "getComputedStyle(document.body).backgroundColor";
        assertThat(browser.evaluate(background).stringValue()).isEqualTo("rgb(255, 255, 255)");
        browser.prefersDark(true);
        waitFor(background + " === 'rgb(18, 20, 23)'");
        browser.click("#theme");
        waitFor(background + " === 'rgb(255, 255, 255)'");
        assertThat(browser.text("#theme")).isEqualTo("Colours: light");
        browser.click("#theme");
        waitFor(background + " === 'rgb(18, 20, 23)'");
        requireQuiet(page);
    }

    @Test
    void fitsNarrowScreens() throws Exception {
        openPage(page);
        for (int width : new int[] {1280, 800, 390}) {
            browser.size(width, 800);
            Thread.sleep(150);
            assertThat(number("document.documentElement.scrollWidth"))
                    .as("width " + width)
                    .isLessThanOrEqualTo(width);
        }
        requireQuiet(page);
    }
}
