package org.gradmimic.report.html;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.gradmimic.base.InputException;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.io.Json;
import org.gradmimic.io.npy.NpyWriter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** The file without a browser: what it holds, and what it refuses. */
class ReportTest {
    private static final Pattern DATA =
            Pattern.compile("<script type=\"application/octet-stream\" id=\"data\">([^<]*)</script>");

    @TempDir
    private Path folder;

    /** The data of a page. */
    private record Data(JsonNode header, ByteBuffer bytes, int start) {
        static Data of(String page) throws Exception {
            Matcher block = DATA.matcher(page);
            assertThat(block.find()).isTrue();
            byte[] all = new GZIPInputStream(
                            new ByteArrayInputStream(Base64.getDecoder().decode(block.group(1))))
                    .readAllBytes();
            ByteBuffer bytes = ByteBuffer.wrap(all).order(ByteOrder.LITTLE_ENDIAN);
            int length = bytes.getInt(0);
            return new Data(Json.tree(new String(all, 4, length, StandardCharsets.UTF_8)), bytes, 4 + length);
        }

        float real(JsonNode array, int i) {
            assertThat(array.required("$array").stringValue()).isEqualTo("f32");
            return bytes.getFloat(start + array.required("at").intValue() + 4 * i);
        }

        int whole(JsonNode array, int i) {
            assertThat(array.required("$array").stringValue()).isEqualTo("i32");
            return bytes.getInt(start + array.required("at").intValue() + 4 * i);
        }
    }

    private Data write(Report.Builder report) throws Exception {
        Path page = folder.resolve("report.html");
        report.build().write(page);
        return Data.of(RunFixture.read(page));
    }

    @Test
    void holdsWhatTheRunRecorded() throws Exception {
        RunFixture run = new RunFixture(folder.resolve("run"), 250, 3).write();
        Data data = write(Report.builder().run(run.folder));
        JsonNode shown = data.header().required("runs").get(0);
        assertThat(shown.required("samples").intValue()).isEqualTo(250);
        for (int i = 0; i < 250; i++) {
            assertThat(data.whole(shown.required("id"), i)).isEqualTo(i);
            assertThat(data.whole(shown.required("given"), i)).isEqualTo(run.label[i]);
            assertThat(data.whole(shown.required("suggested"), i)).isEqualTo(run.keep[i] ? -1 : run.suggested[i]);
            assertThat(shown.required("names").get(i).stringValue()).isEqualTo(run.path[i]);
            assertThat(shown.required("captions").get(i).stringValue()).isEqualTo(run.caption[i]);
            for (int e = 0; e < 3; e++) {
                // Twelve bits of the significand are kept.
                assertThat(data.real(shown.at("/paths/score"), 3 * i + e))
                        .isCloseTo(
                                run.score[e][i], org.assertj.core.data.Offset.offset(Math.abs(run.score[e][i]) / 4000));
            }
        }
        int suspected = 0;
        for (boolean keep : run.keep) suspected += keep ? 0 : 1;
        assertThat(shown.required("sentence").stringValue())
                .startsWith("Of 250 samples, " + suspected + " are suspected");
        assertThat(shown.required("curves").get(1).required("stepMilliseconds").doubleValue())
                .isCloseTo(200, org.assertj.core.data.Offset.offset(1e-9)); // 0.6 s for 3 steps of 100
    }

    @Test
    void everyKindOfFolderHasAReport() throws Exception {
        RunFixture run = new RunFixture(folder.resolve("run"), 40, 2).write();
        for (String file : new String[] {
            "samples.parquet", "issues.parquet", "classes.txt", "corrupted.npy", "metrics.json", ".run.json"
        }) {
            Files.delete(run.folder.resolve(file));
            Data data = write(Report.builder().run(run.folder));
            assertThat(data.header().at("/runs/0/samples").intValue())
                    .as("without " + file)
                    .isEqualTo(40);
        }
        Path filter = Files.createDirectory(folder.resolve("filter"));
        NpyWriter.write(filter.resolve("mine.npy"), new boolean[] {true, false, true}, 3);
        assertThat(write(Report.builder().run(filter))
                        .header()
                        .at("/runs/0/sentence")
                        .stringValue())
                .isEqualTo("The filter mine.npy keeps 2 of 3 samples (66.7\u00a0%).");
    }

    @Test
    void thumbnailsAreOfTheExtremes() throws Exception {
        RunFixture run = new RunFixture(folder.resolve("run"), 120, 2).write();
        Path images = run.writeImages();
        Path page = folder.resolve("report.html");
        Report.Written written = Report.builder()
                .run(run.folder)
                .images(images.toString())
                .thumbnails(10)
                .build()
                .write(page);
        assertThat(written.images()).isEqualTo(10);
        Data data = Data.of(RunFixture.read(page));
        JsonNode shown = data.header().at("/runs/0");
        int with = 0;
        for (int i = 0; i < 120; i++) with += data.whole(shown.required("images"), 2 * i + 1) > 0 ? 1 : 0;
        assertThat(with).isEqualTo(10);
    }

    @Test
    void imagesOfZipArchivesAndManifestsAreRead() throws Exception {
        RunFixture run = new RunFixture(folder.resolve("run"), 12, 1).write();
        Path images = run.writeImages();
        Path zip = folder.resolve("images.zip");
        try (ZipOutputStream out = new ZipOutputStream(Files.newOutputStream(zip))) {
            for (String path : run.path) {
                out.putNextEntry(new ZipEntry(path));
                Files.copy(images.resolve(path), out);
                out.closeEntry();
            }
        }
        for (String where : new String[] {zip.toString(), "images:" + zip, "images:list.csv,root=" + images}) {
            Report.Written written =
                    Report.builder().run(run.folder).images(where).build().write(folder.resolve("r.html"));
            assertThat(written.images()).as(where).isEqualTo(12);
        }
        Files.write(images.resolve(run.path[3]), new byte[] {1, 2, 3});
        assertThat(Report.builder()
                        .run(run.folder)
                        .images(images.toString())
                        .build()
                        .write(folder.resolve("r.html"))
                        .images())
                .as("a damaged image is left out")
                .isEqualTo(11);
    }

    /** A path of a data set that leads out of its folder shows nothing. */
    @Test
    void imagesOutsideTheFolderAreNotRead() throws Exception {
        RunFixture run = new RunFixture(folder.resolve("run"), 10, 1);
        run.write();
        Path images = run.writeImages();
        Path inside = Files.createDirectory(folder.resolve("inside"));
        for (int i = 0; i < 10; i++) run.path[i] = "../run-images/" + run.path[i];
        RunFixture outward = new RunFixture(folder.resolve("outward"), 10, 1);
        System.arraycopy(run.path, 0, outward.path, 0, 10);
        outward.write();
        assertThat(images).isDirectory();
        Report.Written written = Report.builder()
                .run(outward.folder)
                .images(inside.toString())
                .build()
                .write(folder.resolve("r.html"));
        assertThat(written.images()).isZero();
    }

    @Test
    void refusesByName() throws Exception {
        Path page = folder.resolve("report.html");
        assertThatThrownBy(() -> Report.builder().build()).isInstanceOf(InvalidArgumentException.class);
        assertThatThrownBy(() ->
                        Report.builder().run(folder.resolve("none")).build().write(page))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("none: no such folder");
        Path empty = Files.createDirectory(folder.resolve("empty"));
        assertThatThrownBy(() -> Report.builder().run(empty).build().write(page))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("is not the folder of a run");
        RunFixture run = new RunFixture(folder.resolve("run"), 20, 2).write();
        assertThatThrownBy(() -> Report.builder()
                        .run(run.folder)
                        .images("nowhere")
                        .build()
                        .write(page))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("nowhere: no such folder or archive");
        Files.writeString(run.folder.resolve("metrics.json"), "{");
        assertThatThrownBy(() -> Report.builder().run(run.folder).build().write(page))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("metrics.json: is not valid JSON");
        assertThat(page).doesNotExist();
    }

    @Test
    void onlyThePolicyAndTheDataDiffer() throws Exception {
        String page;
        RunFixture run = new RunFixture(folder.resolve("run"), 20, 2).write();
        write(Report.builder().run(run.folder));
        page = RunFixture.read(folder.resolve("report.html"));
        assertThat(page).contains("default-src 'none'; script-src 'sha256-", "; base-uri 'none'; form-action 'none'");
        assertThat(page).doesNotContain("http-equiv=\"refresh\"", " src=", "{{");
        assertThat(page).contains("Copyright (c) 2022 Leon Sorokin", "Tanner Linsley");
        assertThat(page.split("<script", -1)).hasSize(4);
    }
}
