package org.gradmimic.report.html;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.IntPredicate;
import org.duckdb.DuckDBAppender;
import org.duckdb.DuckDBConnection;
import org.gradmimic.data.ImageSize;
import org.gradmimic.data.ThumbnailMaker;
import org.gradmimic.io.DuckDb;
import org.gradmimic.io.Json;
import org.gradmimic.io.npy.NpyWriter;
import org.gradmimic.select.score.ScoreLogWriter;

/** Writes folders of runs as the commands do: an audit's, with everything that a report can show. */
final class RunFixture {
    static final List<String> CLASSES = List.of("plane", "car", "bird", "cat", "deer");
    static final int BATCH = 100;

    final Path folder;
    final int samples;
    final int epochs;
    final float[][] score;
    final float[][] weight;
    final boolean[] mislabelled;
    final boolean[] keep;
    final int[] label;
    final int[] suggested;
    final String[] path;
    final String[] caption;

    RunFixture(Path folder, int samples, int epochs) {
        this.folder = folder;
        this.samples = samples;
        this.epochs = epochs;
        Random random = new Random(3);
        score = new float[epochs][samples];
        weight = new float[epochs][samples];
        mislabelled = new boolean[samples];
        keep = new boolean[samples];
        label = new int[samples];
        suggested = new int[samples];
        path = new String[samples];
        caption = new String[samples];
        for (int i = 0; i < samples; i++) {
            mislabelled[i] = random.nextInt(5) == 0;
            label[i] = random.nextInt(CLASSES.size());
            suggested[i] = (label[i] + 1 + random.nextInt(CLASSES.size() - 1)) % CLASSES.size();
            path[i] = "train/" + CLASSES.get(label[i]) + "/" + i + ".jpg";
            caption[i] = "a photo of a " + CLASSES.get(label[i]);
            double mean = 0;
            for (int e = 0; e < epochs; e++) {
                score[e][i] = (float) (random.nextGaussian() * 0.2 + (mislabelled[i] ? -0.4 : 0.25) * (e + 1) / epochs);
                mean += score[e][i] / epochs;
            }
            keep[i] = mean >= 0;
        }
        for (int e = 0; e < epochs; e++) weigh(e);
    }

    private void weigh(int e) {
        for (int from = 0; from < samples; from += BATCH) {
            int end = Math.min(samples, from + BATCH);
            double sum = 0;
            for (int i = from; i < end; i++) sum += Math.exp(score[e][i] / 0.25);
            for (int i = from; i < end; i++) weight[e][i] = (float) (Math.exp(score[e][i] / 0.25) / sum);
        }
    }

    RunFixture write() throws IOException, SQLException {
        Files.createDirectories(folder);
        try (ScoreLogWriter log =
                ScoreLogWriter.create(folder.resolve("scores"), ScoreLogWriter.DEFAULT_ROWS_PER_PART)) {
            long step = 0;
            for (int e = 0; e < epochs; e++) {
                for (int from = 0; from < samples; from += BATCH) {
                    int count = Math.min(BATCH, samples - from);
                    long[] ids = new long[count];
                    float[] s = new float[count];
                    float[] w = new float[count];
                    float[] loss = new float[count];
                    for (int i = 0; i < count; i++) {
                        ids[i] = from + i;
                        s[i] = score[e][from + i];
                        w[i] = weight[e][from + i];
                        loss[i] = 1 - s[i];
                    }
                    log.append(e, step++, ids, s, w, loss, count);
                }
                log.flush();
            }
        }
        try (DuckDBConnection connection = DuckDb.open();
                Statement statement = connection.createStatement()) {
            statement.execute(
                    "CREATE TABLE samples (id BIGINT, path VARCHAR, label INTEGER, class VARCHAR, split VARCHAR, caption VARCHAR)");
            statement.execute(
                    "CREATE TABLE issues (rank BIGINT, id BIGINT, path VARCHAR, given_label VARCHAR, suggested_label VARCHAR,"
                            + " mimic_score DOUBLE, keep_probability DOUBLE, loss DOUBLE)");
            try (DuckDBAppender rows = connection.createAppender("samples");
                    DuckDBAppender issues = connection.createAppender("issues")) {
                long rank = 1;
                for (int i = 0; i < samples; i++) {
                    rows.beginRow()
                            .append((long) i)
                            .append(path[i])
                            .append(label[i])
                            .append(CLASSES.get(label[i]))
                            .append("train")
                            .append(caption[i])
                            .endRow();
                    if (keep[i]) continue;
                    issues.beginRow()
                            .append(rank++)
                            .append((long) i)
                            .append(path[i])
                            .append(CLASSES.get(label[i]))
                            .append(CLASSES.get(suggested[i]))
                            .append((double) score[0][i])
                            .append(0.1)
                            .append(1.5)
                            .endRow();
                }
            }
            for (String table : List.of("samples", "issues")) {
                statement.execute("COPY " + table + " TO " + DuckDb.literal(folder.resolve(table + ".parquet"))
                        + " (FORMAT parquet)");
            }
        }
        Files.write(folder.resolve("classes.txt"), CLASSES);
        NpyWriter.write(folder.resolve("keep.npy"), keep, samples);
        NpyWriter.write(folder.resolve("corrupted.npy"), mislabelled, samples);
        Files.write(folder.resolve("metrics.json"), Json.pretty(metrics()));
        Files.write(
                folder.resolve(".run.json"),
                Json.pretty(Map.of(
                        "command",
                        "audit",
                        "finished",
                        true,
                        "settings",
                        Map.of("data", "images:my images", "epochs", Integer.toString(epochs)))));
        return this;
    }

    private Map<String, Object> metrics() {
        Map<String, Object> metrics = new LinkedHashMap<>();
        metrics.put("settings", Map.of("batch_size", BATCH, "epochs", epochs, "temperature", 0.25));
        metrics.put("plain", Map.of("epochs", curve(0.6, 0.5)));
        metrics.put("mimic", Map.of("epochs", curve(0.7, 0.6)));
        metrics.put("seconds", Map.of("embed", 1.25, "train", 2.5));
        return metrics;
    }

    private List<Map<String, Object>> curve(double accuracy, double seconds) {
        List<Map<String, Object>> all = new ArrayList<>();
        for (int e = 0; e < epochs; e++) {
            Map<String, Object> epoch = new LinkedHashMap<>();
            epoch.put("epoch", e);
            epoch.put("mean_loss", 2.0 / (e + 1));
            epoch.put("test_accuracy", accuracy + 0.2 * e / epochs);
            epoch.put("seconds", seconds);
            all.add(epoch);
        }
        return all;
    }

    /** Writes an image of one colour for each sample, and returns their folder. */
    Path writeImages() throws IOException {
        return writeImages(i -> true);
    }

    /** Writes images of some samples only. */
    Path writeImages(IntPredicate wanted) throws IOException {
        Path root = folder.resolveSibling(folder.getFileName() + "-images");
        ImageSize size = new ImageSize(24, 32);
        try (ThumbnailMaker maker = new ThumbnailMaker(64)) {
            for (int i = 0; i < samples; i++) {
                Path file = root.resolve(path[i]).normalize();
                if (!file.startsWith(root) || !wanted.test(i)) continue;
                Files.createDirectories(file.getParent());
                ByteBuffer pixels = ByteBuffer.allocateDirect(size.rgbBytes());
                while (pixels.hasRemaining())
                    pixels.put((byte) (40 * label[i])).put((byte) i).put((byte) 120);
                Files.write(file, maker.jpeg(pixels, 0, size));
            }
        }
        return root;
    }

    double mean(int sample) {
        double mean = 0;
        for (float[] epoch : score) mean += epoch[sample];
        return mean / epochs;
    }

    static String read(Path page) throws IOException {
        return Files.readString(page, StandardCharsets.UTF_8);
    }
}
