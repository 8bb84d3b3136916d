package org.gradmimic.fuzz;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.gradmimic.io.npy.NpyLabels;
import org.gradmimic.model.Models;
import org.gradmimic.select.filter.FilterFile;
import org.gradmimic.select.score.Values;

/** Every format that is read. */
final class Formats {
    private static final String VIT = "{\"image_size\":32,\"patch_size\":8,\"num_layers\":1,\"num_heads\":2,"
            + "\"hidden_dim\":8,\"mlp_dim\":8,\"num_classes\":3}";
    private static final String RESNET =
            "{\"block\":\"basic\",\"layers\":[1,1,1,1],\"num_classes\":10,\"image_size\":32}";
    private static final String CLIP = "{\"embed_dim\":8,\"vision_cfg\":{\"image_size\":32,\"layers\":1,\"width\":64,"
            + "\"patch_size\":8},\"text_cfg\":{\"context_length\":8,\"vocab_size\":600,\"width\":64,\"heads\":1,"
            + "\"layers\":1}}";
    private static final String MERGES = "\"bpe_simple_vocab_16e6.txt#version: 0.2\nh e</w>\nt he</w>\nh o\n";
    private static final String UIDS = "00000000000000000000000000000001\nffffffffffffffffffffffffffffffff\n";
    private static final String LABELS = "train-labels-idx1-ubyte";
    private static final int CIFAR_RECORD = 3073;

    private Formats() {}

    static List<Format> all() throws IOException {
        Path folder = Files.createTempDirectory("gradmimic-fuzz");
        return Stream.of(arrays(folder), weights(), images(), tables(folder), texts())
                .flatMap(List::stream)
                .toList();
    }

    private static List<Format> arrays(Path folder) throws IOException {
        return List.of(
                new Format("npy", "a.npy", Seeds.npys(folder), Repairs::npy, Readers::npy),
                new Format("npy-scores", "s.npy", Seeds.npys(folder).subList(0, 1), Repairs::npy, Readers::scores),
                new Format("npz", "a.npz", Seeds.npzs(folder), Readers::npy),
                new Format("npy-labels", "y.npy", Seeds.npyLabels(folder), Repairs::npy, NpyLabels::readAll),
                new Format("npy-uids", "u.npy", Seeds.uids(), Repairs::npy, Readers::uidSubset),
                new Format("npy-filter", "f.npy", Seeds.npyFilter(folder), Repairs::npy, file -> FilterFile.read(file)),
                new Format(
                        "cifar",
                        "data_batch_1.bin",
                        List.of(new byte[CIFAR_RECORD]),
                        file -> Readers.cifar(file, CIFAR_RECORD)),
                new Format("cifar-python", "data_batch_1", Seeds.cifarPython(), Readers::cifarPython),
                new Format("idx", "train-images-idx3-ubyte", Seeds.idx(false), file -> Readers.idx(file, LABELS)),
                new Format("idx-gz", "train-images-idx3-ubyte.gz", Seeds.idx(true), file -> Readers.idx(file, LABELS)),
                new Format("tar", "a.tar", Seeds.tars(), Repairs::tar, Readers::tar),
                new Format("shard", "00000000.tar", Seeds.shards(), Repairs::tar, Readers::shard));
    }

    private static List<Format> weights() throws IOException {
        return List.of(
                new Format(
                        "safetensors",
                        "w.safetensors",
                        Seeds.safetensors(),
                        file -> Repairs.safetensors(file, Seeds.SAFETENSORS_DATA),
                        Readers::weights),
                new Format("torch-zip", "w.pt", Seeds.torch(), Readers::weights),
                new Format("pickle", "p.pkl", Seeds.pickles(), Readers::pickle));
    }

    private static List<Format> images() throws IOException {
        return List.of(
                new Format("tar-images", "i.tar", Seeds.imageTars(), Repairs::tar, Readers::imageArchive),
                new Format("zip-images", "i.zip", Seeds.imageZips(), Readers::imageArchive),
                image("png", "0.png", Seeds.image("png", 5, 4), Seeds.image("png", 64, 48)),
                image("jpeg", "0.jpg", Seeds.image("jpg", 16, 16), Seeds.image("jpg", 40, 24)),
                image("bmp", "0.bmp", Seeds.image("bmp", 5, 4)),
                image("gif", "0.gif", Seeds.image("gif", 5, 4)),
                image("tiff", "0.tif", Seeds.image("tiff", 5, 4)),
                image("pnm", "0.ppm", ascii("P6 2 2 255\nabcdefghijkl"), ascii("P2\n2 2\n15\n1 2 3 4\n")));
    }

    private static Format image(String name, String file, byte[]... seeds) {
        return new Format(
                name, file, List.of(seeds), bytes -> name.equals("png") ? Repairs.png(bytes) : bytes, Readers::image);
    }

    private static List<Format> tables(Path folder) throws IOException {
        return List.of(
                new Format("parquet-log", "part-000000.parquet", Seeds.log(folder), Readers::log),
                new Format("parquet-metadata", "m.parquet", Seeds.metadata(folder), Readers::metadata),
                new Format("parquet-filter", "f.parquet", Seeds.parquetFilter(folder), file -> FilterFile.read(file)),
                new Format(
                        "parquet-scores",
                        "v.parquet",
                        Seeds.parquetScores(folder),
                        file -> Values.open(file).forEach((sample, value) -> {})));
    }

    private static List<Format> texts() {
        return List.of(
                new Format("text-filter", "f.txt", utf8("0\n3\n7\n", "1"), file -> FilterFile.read(file, 10)),
                new Format(
                        "manifest",
                        "m.csv",
                        utf8("path,label,split\n0.png,a,train\n\"1\"\".png\",b,test\n"),
                        Readers::manifest),
                new Format("text-uids", "u.txt", utf8(UIDS), Readers::uids),
                new Format("model-vit", "m.json", utf8(VIT), file -> Readers.model(Models.Kind.VIT, file)),
                new Format("model-resnet", "m.json", utf8(RESNET), file -> Readers.model(Models.Kind.RESNET, file)),
                new Format("model-clip", "m.json", utf8(CLIP), file -> Readers.model(Models.Kind.CLIP, file)),
                new Format("vocabulary", "v.txt", utf8(MERGES), Readers::vocabulary),
                new Format(
                        "expression", "e.txt", utf8("a & !b | (c - a)", "((a|b)&c)-!a", "!!a"), Readers::expression));
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    private static List<byte[]> utf8(String... texts) {
        return Stream.of(texts)
                .map(text -> text.getBytes(StandardCharsets.UTF_8))
                .toList();
    }
}
