package org.gradmimic.spark;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.apache.spark.api.java.JavaSparkContext;
import org.gradmimic.select.score.ScoreColumn;
import org.gradmimic.select.score.ScoreLog;
import org.gradmimic.select.score.ScoreLogWriter;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ScoreBlocksTest {

    @TempDir
    Path temporary;

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void blocksAreTheMatrixOfTheLog(long seed) {
        Random random = new Random(seed);
        Path folder = temporary.resolve("run[1]");
        int samples = 1 + random.nextInt(300);
        int epochs = 1 + random.nextInt(4);
        try (ScoreLogWriter writer = ScoreLogWriter.create(folder, 30 + random.nextInt(100))) {
            for (int step = 0; step < 40; step++) {
                int batch = random.nextInt(20);
                long[] ids = random.longs(batch, 0, samples).toArray(); // repeats, in a batch too
                float[] values = new float[batch];
                for (int i = 0; i < batch; i++) {
                    values[i] = random.nextFloat();
                }
                writer.append(random.nextInt(epochs), step, ids, values, values, values, batch);
            }
        }
        float[][] expected = ScoreLog.open(folder).matrix(ScoreColumn.WEIGHT);

        JavaSparkContext spark = new JavaSparkContext(Cluster.session().sparkContext());
        ClusterLog log = ClusterLog.open(spark, folder.toString());
        assertThat(log.epochs()).isEqualTo(expected.length);
        assertThat(log.samples()).isEqualTo(expected[0].length);
        BlockShape shape = BlockShape.of(log.epochs(), log.samples(), samples * epochs / (1 + random.nextInt(6)));
        List<ScoreBlock> blocks = ScoreBlocks.of(spark, log.splits(1 + random.nextInt(200)), ScoreColumn.WEIGHT, shape)
                .collect();
        float[][] actual = new float[log.epochs()][(int) log.samples()];
        for (ScoreBlock block : blocks) {
            for (int epoch = 0; epoch < actual.length; epoch++) {
                System.arraycopy(block.values()[epoch], 0, actual[epoch], (int) block.first(), block.samples());
            }
        }
        for (int epoch = 0; epoch < actual.length; epoch++) {
            assertThat(actual[epoch]).as("epoch %d", epoch).isEqualTo(expected[epoch]); // NaN equals NaN here
        }
    }
}
