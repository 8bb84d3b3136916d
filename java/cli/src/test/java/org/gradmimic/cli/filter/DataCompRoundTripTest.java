package org.gradmimic.cli.filter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.gradmimic.cli.Run;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A DataComp pool made by pandas and pyarrow, filtered and resharded here, and read back by NumPy as DataComp's resharder
 * reads. Python is the one that GRADMIMIC_PYTHON names, or python3.
 */
class DataCompRoundTripTest {
    private static final String PYTHON = System.getenv().getOrDefault("GRADMIMIC_PYTHON", "python3");
    private static final Path SCRIPTS = Path.of("src/test/python");

    @TempDir
    Path folder;

    private static Run python(String... arguments) throws IOException, InterruptedException {
        String[] command = new String[arguments.length + 1];
        command[0] = PYTHON;
        System.arraycopy(arguments, 0, command, 1, arguments.length);
        return Run.process(new ProcessBuilder(command));
    }

    private static boolean hasPackages() throws InterruptedException {
        try {
            return python("-c", "import numpy, pandas, pyarrow").code() == 0;
        } catch (IOException e) {
            return false; // no such program
        }
    }

    private void filter(String line) {
        String[] arguments =
                ("filter " + line + " --quiet").replace("@", folder + "/").split(" ");
        for (int i = 0; i < arguments.length; i++) arguments[i] = arguments[i].replace('~', ' ');
        Run run = Run.main(arguments);
        assertThat(run.err()).isEmpty();
        assertThat(run.code()).isZero();
    }

    @Test
    void filesOfPandasComeBackToNumpy() throws Exception {
        assumeTrue(hasPackages(), PYTHON + " with numpy, pandas and pyarrow is not here");
        Run made = python(SCRIPTS.resolve("datacomp_pool.py").toString(), folder.toString());
        assertThat(made.code()).as(made.err()).isZero();

        filter("datacomp @metadata --baseline no-filter --out @all.npy");
        filter("datacomp @metadata --baseline basic --out @basic.npy");
        filter("datacomp @metadata --baseline clip-score --arch b32 --fraction 0.3 --out @b32_30.npy");
        filter("datacomp @metadata --baseline clip-score --threshold 0.28 --out @l14_at_0.28.npy");
        String combine = "combine clip~&~!worst --filter clip=@b32_30.npy --filter worst=@scores.npy:bottom=0.15"
                + " --uids @metadata --out @combined";
        for (String ending : List.of(".npy", ".parquet", ".txt")) filter(combine + ending);
        filter(combine + "_mask.npy --by-number");
        filter("reshard --shards @shards --keep @drawn.npy --out @drawn");

        Run checked = python(SCRIPTS.resolve("datacomp_check.py").toString(), folder.toString());
        assertThat(checked.code()).as(checked.err()).isZero();
        assertThat(checked.out().lines()).last().isEqualTo("ok");
    }
}
