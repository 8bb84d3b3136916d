package org.gradmimic.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.gradmimic.data.TestImages.ascii;
import static org.gradmimic.data.TestImages.png;
import static org.gradmimic.data.TestImages.readAll;
import static org.gradmimic.data.TestImages.tar;
import static org.gradmimic.data.TestImages.writeFolder;
import static org.gradmimic.data.TestImages.zip;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.gradmimic.base.InputException;
import org.gradmimic.data.TestImages.Contents;
import org.gradmimic.io.ParquetColumns;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ManifestTest {
    private static final ImageSize SIZE = new ImageSize(4, 6);

    @TempDir
    Path folder;

    private final Map<String, byte[]> files = new LinkedHashMap<>();

    @BeforeEach
    void writeImages() throws IOException {
        files.put("x/1.png", png(1));
        files.put("x/2.dat", png(2));
        files.put("3, \"three\".png", png(3));
        files.put("y/z/4.png", png(4));
        files.put("unlisted.png", ascii("not an image"));
        writeFolder(folder, files);
    }

    private ImageDataset open(String name, String text, String options) throws IOException {
        Files.writeString(folder.resolve(name), text);
        return Datasets.openImages("images:" + folder.resolve(name) + options);
    }

    private void assertRefused(String text, String problem) {
        Path file = folder.resolve("m.csv");
        assertThatThrownBy(() -> open("m.csv", text, ""))
                .isInstanceOf(InputException.class)
                .hasMessage(file + ": " + problem);
    }

    @Test
    void samplesAreInTheOrderOfTheRows() throws IOException {
        ImageDataset dataset = open(
                "m.csv", "path,label\ny/z/4.png,dog\n./x/2.dat,cat\n\"3, \"\"three\"\".png\",dog\n\nx/1.png,ant\n", "");
        assertThat(dataset.classNames()).containsExactly("ant", "cat", "dog");
        assertThat(dataset.splits()).containsExactly(Split.TRAIN);
        assertThat(dataset.labels(Split.TRAIN)).containsExactly(2, 1, 2, 0);
        assertThat(dataset.sampleName(Split.TRAIN, 2)).isEqualTo("3, \"three\".png");
        Contents read = readAll(dataset, Split.TRAIN, SIZE, 3);
        assertThat(read.labels()).containsExactly(2, 1, 2, 0);
        ImageDataset other = open("m.csv", "path,label\nx/1.png,a\n", "");
        assertThat(readAll(other, Split.TRAIN, SIZE, 1).pixels()[0]).isEqualTo(read.pixels()[3]);
    }

    /** The images may lie elsewhere, in a folder or an archive, and the columns may have other names. */
    @Test
    void aRootAndColumnsCanBeGiven() throws IOException {
        Path elsewhere = Files.createDirectories(folder.resolve("elsewhere"));
        Files.write(elsewhere.resolve("a.tar"), tar(files));
        Files.write(elsewhere.resolve("a.zip"), zip(files));
        String text = "img\tkind\tpart\nx/2.dat\tb\tval\ny/z/4.png\ta\ttest\nx/1.png\tb\tTrain\n";
        String columns = ",path=img,label=kind,split=part,root=";
        ImageDataset plain = open("m.tsv", text, columns + folder);
        assertThat(plain.splits()).containsExactly(Split.TRAIN, Split.VALIDATION, Split.TEST);
        assertThat(plain.labels(Split.TEST)).containsExactly(0);
        for (String archive : List.of("a.tar", "a.zip")) {
            ImageDataset packed = open("m.tsv", text, columns + elsewhere.resolve(archive));
            for (Split split : plain.splits()) {
                assertThat(packed.labels(split)).isEqualTo(plain.labels(split));
                assertThat(readAll(packed, split, SIZE, 1).pixels())
                        .isDeepEqualTo(readAll(plain, split, SIZE, 1).pixels());
            }
        }
    }

    @Test
    void numbersAreTheNumbersOfTheClasses() throws IOException {
        ImageDataset dataset = open("m.csv", "file_name,label\nx/1.png,10\nx/2.dat,2\n", "");
        assertThat(dataset.labels(Split.TRAIN)).containsExactly(10, 2);
        assertThat(dataset.classNames()).hasSize(11).endsWith("9", "10");
        ImageDataset named = open("m.csv", "path,label,class\nx/1.png,1,cat\nx/2.dat,0,dog\ny/z/4.png,1,cat\n", "");
        assertThat(named.labels(Split.TRAIN)).containsExactly(1, 0, 1);
        assertThat(named.classNames()).containsExactly("dog", "cat");
    }

    /** samples.parquet, which other commands write, is a manifest. */
    @Test
    void parquetIsReadToo() {
        Path file = folder.resolve("samples.parquet");
        new ParquetColumns()
                .longs("id", new long[] {0, 1, 2})
                .texts("path", new String[] {"x/2.dat", "x/1.png", "y/z/4.png"})
                .ints("label", new int[] {1, 0, 1})
                .texts("class", new String[] {"cat", "ant", "cat"})
                .texts("split", new String[] {"train", "train", "test"})
                .write(file);
        ImageDataset dataset = Datasets.openImages("images:" + file);
        assertThat(dataset.classNames()).containsExactly("ant", "cat");
        assertThat(dataset.labels(Split.TRAIN)).containsExactly(1, 0);
        assertThat(dataset.labels(Split.TEST)).containsExactly(1);
        assertThat(dataset.sampleName(Split.TRAIN, 0)).isEqualTo("x/2.dat");
        ImageDataset byClass = Datasets.openImages("images:" + file + ",label=class");
        assertThat(byClass.classNames()).containsExactly("ant", "cat");
        new ParquetColumns()
                .texts("path", new String[] {"x/2.dat"})
                .floats("label", new float[] {1})
                .write(file);
        assertThatThrownBy(() -> Datasets.openImages("images:" + file))
                .hasMessage(file + ": column label is FLOAT, expected text or whole numbers");
    }

    @Test
    void whatIsWrongIsNamedWithItsLine() {
        assertRefused("path,label\n", "lists no images");
        assertRefused("path,label\nx/1.png,\n", "line 2: has no label");
        assertRefused("path,label\n,a\n", "line 2: has no path");
        assertRefused("path,label\nx/1.png,a\nx/1.png,b\n", "line 3: x/1.png is already in line 2");
        assertRefused(
                "path,label\nx/1.png,a\nnone.png,b\nnone/2.png,b\n",
                "2 of 3 images are not in " + folder + ", such as none.png (line 3)");
        assertRefused(
                "image_path,label\nx/1.png,a\n",
                "has the columns image_path, label; expected path or file_name or filename or file or image for the"
                        + " path of an image; another name is given by ,path=COLUMN");
        assertRefused(
                "path,label,split\nx/1.png,a,dev\n",
                "line 2: split is 'dev'; expected train, val, valid, validation or test");
        assertRefused("path,label\nx/1.png,10000000\n", "line 2: label is 10000000; expected a class below 10000000");
        assertRefused(
                "path,label,class\nx/1.png,0,a\nx/2.dat,0,b\n", "line 3: label 0 is class b, unlike in rows before");
        assertThatThrownBy(() -> open("m.csv", "path,label\nx/1.png,a\n", ",label=kind"))
                .hasMessageContaining("has the columns path, label; expected kind for its class");
        assertThatThrownBy(() -> open("m.csv", "path,label\nx/1.png,a\n", ",root=/none"))
                .hasMessageContaining("there is no folder or file '/none'");
        assertThatThrownBy(() -> open("m.csv", "path,label\nx/1.png,a\n", ",label="))
                .hasMessageContaining("label= is empty or given twice");
        assertThatThrownBy(() -> Datasets.openImages("images:" + folder.resolve("gone.csv")))
                .hasMessageContaining("gone.csv: cannot be read");
    }

    @Test
    void aManifestWithABadImageNamesIt() throws IOException {
        ImageDataset dataset = open("m.csv", "path,label\nx/1.png,a\nunlisted.png,b\n", "");
        assertThatThrownBy(() -> readAll(dataset, Split.TRAIN, SIZE, 2))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("unlisted.png: is corrupt or not an image");
    }
}
