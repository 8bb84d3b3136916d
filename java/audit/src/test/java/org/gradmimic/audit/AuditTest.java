package org.gradmimic.audit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.LongStream;
import org.gradmimic.base.InputException;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.data.Datasets;
import org.gradmimic.data.ImageDataset;
import org.gradmimic.data.Split;
import org.gradmimic.io.npy.NpyFile;
import org.gradmimic.select.filter.Filter;
import org.gradmimic.select.filter.FilterFile;
import org.gradmimic.select.score.ScoreLog;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AuditTest {
    private static final int SAMPLES = 150;

    @TempDir
    Path folder;

    private final ImageDataset dataset = Datasets.openImages("drawn:classes=4,train=" + SAMPLES + ",test=0");

    private static AuditSettings settings() {
        return AuditSettings.builder().backboneEpochs(1).epochs(4).build();
    }

    private Audit.Builder audit(Path out) throws Exception {
        return Audit.builder(dataset, Files.createDirectories(out)).settings(settings());
    }

    private static byte[] bytes(Path out, String name) throws Exception {
        return Files.readAllBytes(out.resolve(name));
    }

    @Test
    void itsFilesAgreeWithItsResult() throws Exception {
        Path out = folder.resolve("out");
        List<String> remarks = new ArrayList<>();
        AuditListener listener = new AuditListener() {
            @Override
            public void remark(String text) {
                remarks.add(text);
            }
        };
        AuditResult result = audit(out).listener(listener).build().run().orElseThrow();
        assertThat(remarks).hasSize(2);
        assertThat(remarks.get(0)).contains("no trusted samples", "pairwise noise");
        assertThat(remarks.get(1)).contains("no model is given");
        assertThat(result.samples()).isEqualTo(SAMPLES);
        assertThat(result.quality().trusted()).isFalse();
        assertThat(result.quality().isWeak())
                .as("without trusted samples nothing is known")
                .isFalse();
        Filter kept = FilterFile.read(out.resolve(Audit.KEEP));
        assertThat(kept).isEqualTo(result.kept());
        assertThat(result.issues()).hasSize((int) (SAMPLES - kept.kept()));
        assertThat(result.classes().stream().mapToInt(ClassReport::wrong).sum())
                .isEqualTo(result.issues().size());
        float before = Float.NEGATIVE_INFINITY;
        for (Issue issue : result.issues()) {
            assertThat(kept.keeps(issue.id())).isFalse();
            assertThat(issue.path()).isEqualTo(dataset.sampleName(Split.TRAIN, issue.id()));
            assertThat(issue.mimicScore()).isGreaterThanOrEqualTo(before);
            assertThat(issue.keepProbability()).isBetween(0f, 1f);
            assertThat(issue.suggestedLabel()).isNotEqualTo(issue.givenLabel());
            before = issue.mimicScore();
        }
        assertThat(Files.readAllLines(out.resolve("issues.csv")))
                .hasSize(1 + result.issues().size())
                .startsWith("rank,id,path,given_label,suggested_label,mimic_score,keep_probability,loss");
        assertThat(Files.readAllLines(out.resolve("kept.txt"))).hasSize((int) kept.kept());
        assertThat(ScoreLog.open(out.resolve("scores")).names().orElseThrow().size())
                .isEqualTo(SAMPLES);
        for (String name : List.of("issues.parquet", "final_weight.npy", "backbone.safetensors", "classes.txt")) {
            assertThat(out.resolve(name)).isRegularFile();
        }
    }

    @Test
    void goesOnAfterEveryStageWithTheSameBits() throws Exception {
        Path whole = folder.resolve("whole");
        audit(whole).build().run().orElseThrow();
        Path out = folder.resolve("stopped");
        for (AuditStage last : List.of(AuditStage.BACKBONE, AuditStage.EMBED, AuditStage.REFERENCE, AuditStage.MIMIC)) {
            Optional<AuditResult> stopped =
                    audit(out).listener(new StopIn(last)).build().run();
            assertThat(stopped).as("stopped in %s", last).isEmpty();
            assertThat(out.resolve(Audit.KEEP)).doesNotExist();
        }
        List<AuditStage> stages = new ArrayList<>();
        AuditListener listener = new AuditListener() {
            @Override
            public void started(AuditStage stage, long total) {
                stages.add(stage);
            }
        };
        Audit last = audit(out).listener(listener).build();
        last.run().orElseThrow();
        last.forget();
        assertThat(stages).doesNotContain(AuditStage.READ, AuditStage.BACKBONE, AuditStage.EMBED);
        for (String name : List.of("keep.npy", "keep_probability.npy", "issues.csv", "scores.npy")) {
            assertThat(bytes(out, name)).as(name).isEqualTo(bytes(whole, name));
        }
        assertThat(out.resolve(".reference.checkpoint")).doesNotExist();
    }

    /** Asks to stop once a stage has progressed. */
    private static final class StopIn implements AuditListener {
        private final AuditStage last;
        private boolean stop;

        StopIn(AuditStage last) {
            this.last = last;
        }

        @Override
        public void progressed(AuditStage stage, long done, long total) {
            stop |= stage == last;
        }

        @Override
        public boolean stopRequested() {
            return stop;
        }
    }

    @Test
    void trustedSamplesAreKeptAndMeasureTheReference() throws Exception {
        Path out = folder.resolve("out");
        long[] trusted = LongStream.range(0, 50).map(i -> 3 * i).toArray();
        AuditResult result = audit(out).trusted(trusted).build().run().orElseThrow();
        assertThat(result.samples()).isEqualTo(100);
        assertThat(result.quality().samples()).isEqualTo(40);
        assertThat(result.quality().heldOut()).isEqualTo(10);
        assertThat(result.quality().accuracy()).isBetween(0.0, 1.0);
        assertThat(result.issues()).allMatch(issue -> issue.id() % 3 != 0);
        try (NpyFile file = NpyFile.open(out.resolve(Audit.PROBABILITY))) {
            float[] probability = file.readFloats();
            for (int i = 0; i < SAMPLES; i++) {
                assertThat(Float.isNaN(probability[i])).as("sample %d", i).isEqualTo(i % 3 == 0);
                if (i % 3 == 0) assertThat(result.kept().keeps(i)).isTrue();
            }
        }
    }

    @Test
    void aWeakReferenceIsSaidAndATrustedSetMayBeOfItsOwn() throws Exception {
        // One or two samples of each of 34 classes teach a reference nothing.
        ImageDataset many = Datasets.openImages("drawn:train=100,test=0");
        ImageDataset few = Datasets.openImages("drawn:train=50,test=0,seed=3");
        List<String> remarks = new ArrayList<>();
        AuditListener listener = new AuditListener() {
            @Override
            public void remark(String text) {
                remarks.add(text);
            }
        };
        AuditResult result = Audit.builder(many, Files.createDirectories(folder.resolve("out")))
                .settings(settings())
                .trusted(few)
                .listener(listener)
                .build()
                .run()
                .orElseThrow();
        assertThat(result.quality().isWeak()).isTrue();
        assertThat(remarks).anyMatch(text -> text.startsWith("the reference is weak: it is right on "));
        assertThat(result.samples()).isEqualTo(100);
        assertThat(folder.resolve("out/trusted/features.npy")).isRegularFile();
    }

    @Test
    void whatCannotBeAuditedIsRefused() throws Exception {
        Path out = folder.resolve("out");
        assertThatThrownBy(() -> audit(out).trusted(new long[] {1, 2}).build())
                .isInstanceOf(InputException.class)
                .hasMessageContaining("there are 2 trusted samples; a reference needs at least 10");
        assertThatThrownBy(() -> audit(out).trusted(new long[] {SAMPLES}))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("trusted sample " + SAMPLES);
        assertThatThrownBy(() -> audit(out)
                        .trusted(LongStream.range(0, SAMPLES).toArray())
                        .build())
                .isInstanceOf(InputException.class)
                .hasMessageContaining("every sample is trusted");
        assertThatThrownBy(() -> audit(out)
                        .trusted(Datasets.openImages("drawn:train=100"))
                        .build())
                .isInstanceOf(InputException.class)
                .hasMessageContaining(
                        "has the class 4, which the audited one does not have; its classes are 0, 1, 2, 3");
        assertThatThrownBy(() ->
                        audit(out).trusted(new long[] {1}).trusted(dataset).build())
                .isInstanceOf(InvalidArgumentException.class)
                .hasMessageContaining("exclude each other");
        assertThatThrownBy(() -> audit(out)
                        .settings(AuditSettings.builder().apply(Apply.LINK).build())
                        .build())
                .isInstanceOf(InputException.class)
                .hasMessageContaining("need a folder of images");
        Path image = folder.resolve("images/alone/1.png");
        Files.createDirectories(image.getParent());
        Files.createFile(image);
        ImageDataset one = Datasets.openImages("images:" + folder.resolve("images"));
        assertThatThrownBy(() -> Audit.builder(one, out).build())
                .isInstanceOf(InputException.class)
                .hasMessageContaining("has 1 class");
        assertThatThrownBy(() -> audit(out).split(Split.VALIDATION))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("has no validation split");
    }
}
