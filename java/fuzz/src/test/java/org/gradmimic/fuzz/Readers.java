package org.gradmimic.fuzz;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.gradmimic.data.Datasets;
import org.gradmimic.data.ImageDataset;
import org.gradmimic.data.ImageSize;
import org.gradmimic.data.ImageStream;
import org.gradmimic.data.Split;
import org.gradmimic.io.npy.NpyFile;
import org.gradmimic.io.npy.NpyType;
import org.gradmimic.io.tar.TarMember;
import org.gradmimic.io.tar.TarReader;
import org.gradmimic.model.Models;
import org.gradmimic.model.Weights;
import org.gradmimic.model.caption.ClipTokenizer;
import org.gradmimic.reshard.Resharder;
import org.gradmimic.select.datacomp.ClipModel;
import org.gradmimic.select.datacomp.Metadata;
import org.gradmimic.select.filter.Filter;
import org.gradmimic.select.filter.FilterExpression;
import org.gradmimic.select.score.ScoreLog;
import org.gradmimic.select.score.Scores;
import org.gradmimic.select.uid.UidSubset;
import org.gradmimic.select.uid.Uids;

/** Reads whole files, each format by what the commands read it with. */
final class Readers {
    private Readers() {}

    static void npy(Path path) {
        try (NpyFile file = NpyFile.open(path)) {
            if (file.type() == NpyType.BOOL) {
                file.readBooleans();
            } else if (file.type().isInteger()) {
                file.readLongs();
            } else {
                file.readFloats();
            }
        }
    }

    static void scores(Path path) {
        float[] block = new float[1 << 10];
        try (Scores scores = Scores.npy(path)) {
            for (int epoch = 0; epoch < scores.epochs(); epoch++) {
                for (long from = 0; from < scores.samples(); from += block.length) {
                    scores.read(epoch, from, (int) Math.min(block.length, scores.samples() - from), block);
                }
            }
        }
    }

    static void uidSubset(Path path) {
        UidSubset.open(path).forEach((sample, high, low) -> {});
    }

    static void uids(Path path) {
        Uids.open(path).forEach((sample, high, low) -> {});
    }

    static void weights(Path path) {
        try (PointerScope scope = new PointerScope();
                Weights weights = Weights.open(path)) {
            for (String name : weights.names()) weights.tensor(name);
        }
    }

    /** Puts the pickle back into an archive that is whole. */
    static void pickle(Path path) throws IOException {
        Path whole = path.resolveSibling("whole.pt");
        Files.write(whole, Seeds.archive(Files.readAllBytes(path)));
        weights(whole);
    }

    static void cifar(Path path, int record) throws IOException {
        Path folder = path.getParent();
        if (!Files.exists(folder.resolve("test_batch.bin"))) {
            for (String name : List.of("data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5", "test_batch")) {
                Files.write(folder.resolve(name + ".bin"), new byte[record]);
            }
            Files.writeString(folder.resolve("batches.meta.txt"), "airplane\nautomobile\n");
        }
        images("cifar10:" + folder);
    }

    static void cifarPython(Path path) throws IOException {
        Path folder = path.getParent();
        if (!Files.exists(folder.resolve("test_batch"))) {
            byte[] batch = Seeds.cifarPython().get(0);
            for (String name : List.of("data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5", "test_batch")) {
                Files.write(folder.resolve(name), batch);
            }
            Files.write(folder.resolve("batches.meta"), Seeds.cifarNames());
        }
        images("cifar10:" + folder);
    }

    /** The images exist, so that every row is read to its end. */
    static void manifest(Path path) throws IOException {
        for (String name : List.of("0.png", "1\".png")) {
            if (!Files.exists(path.resolveSibling(name))) {
                Files.write(path.resolveSibling(name), Seeds.image("png", 3, 3));
            }
        }
        images("images:" + path);
    }

    static void idx(Path path, String labels) throws IOException {
        Path file = path.resolveSibling(labels);
        if (!Files.exists(file)) {
            byte[] two = {1, 0};
            Files.write(
                    file,
                    ByteBuffer.allocate(10).putInt(0x801).putInt(2).put(two).array());
        }
        images("idx:" + path.getParent());
    }

    static void tar(Path path) throws IOException {
        try (TarReader tar = new TarReader(path)) {
            for (TarMember member = tar.next(); member != null; member = tar.next()) {
                tar.content();
            }
        }
    }

    /** Cuts the shard to the samples of a subset. */
    static void shard(Path path) throws IOException {
        Path subset = path.resolveSibling("subset.npy");
        if (!Files.exists(subset)) Files.write(subset, Seeds.subset());
        Path out = Files.createDirectories(path.resolveSibling("out"));
        try (var left = Files.list(out)) {
            for (Path file : left.toList()) Files.delete(file);
        }
        new Resharder(path, out, UidSubset.open(subset)).run((shard, sofar) -> {});
    }

    static void image(Path path) throws IOException {
        Path folder = Files.createDirectories(path.resolveSibling("data/class"));
        Files.copy(path, folder.resolve(path.getFileName()), StandardCopyOption.REPLACE_EXISTING);
        images("images:" + folder.getParent());
    }

    static void imageArchive(Path path) {
        images("images:" + path);
    }

    private static void images(String spec) {
        ImageDataset images = Datasets.openImages(spec);
        for (Split split : images.splits()) {
            try (ImageStream stream = images.read(split, ImageSize.square(8), 4)) {
                while (stream.next() != null) {
                    // to the end
                }
            }
        }
    }

    static void log(Path path) {
        ScoreLog log = ScoreLog.open(path);
        log.forEachRow((sample, epoch, step, score, weight, relativeWeight, loss) -> {});
        log.samples();
    }

    static void metadata(Path path) {
        Metadata metadata = Metadata.open(path);
        metadata.basic();
        metadata.uids().forEach((sample, high, low) -> {});
        metadata.clipScores(ClipModel.B32).forEach((sample, score) -> {});
    }

    static void model(Models.Kind kind, Path path) {
        Models.open(kind, path.toString()).close();
    }

    static void vocabulary(Path path) {
        try (ClipTokenizer tokenizer = ClipTokenizer.open(path, 8)) {
            tokenizer.tokens("the hope");
        }
    }

    static void expression(Path path) throws IOException {
        FilterExpression expression =
                FilterExpression.parse(new String(Files.readAllBytes(path), StandardCharsets.UTF_8));
        expression.names();
        expression.evaluate(name -> Filter.none(70));
    }
}
