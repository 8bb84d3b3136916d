package org.gradmimic.spark;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Command lines that are refused before a session is made; {@link FilterJobIT} has the others. */
class FilterJobTest {

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            quoteCharacter = '"',
            value = {
                "--binarize top; --binarize top needs --share from 0 to 1",
                "--binarize bottom --share 1.5; needs --share from 0 to 1, not 1.5",
                "--binarize kmeans --share 0.5; --share goes with --binarize top or bottom only",
                "--binarize gmm --threshold 1; --threshold goes with --binarize threshold only",
                "--binarize threshold --threshold NaN; --threshold is not a number",
                "--binarize gmm --class-balance 0.5; --class-balance goes with --aggregate label-model only",
                "--binarize gmm --aggregate label-model --class-balance 1; expected a share between 0 and 1",
                "--binarize gmm --aggregate vote; 'vote' is none of majority, mean, label-model",
                "--binarize otsu; expected one of [threshold, kmeans, gmm, top, bottom]",
                "--aggregate mean; Missing required option: '--binarize=RULE'",
                "--binarize gmm --per-class; --per-class and --labels are options of gradmimic filter",
                "--binarize gmm --labels y.npy; --per-class and --labels are options of gradmimic filter",
                "--binarize gmm --nonsense; Unknown option: '--nonsense'"
            })
    void aWrongOptionIsOneLine(String options, String message) {
        List<String> arguments = new ArrayList<>(List.of("--scores", "scores", "--out", "keep.npy"));
        arguments.addAll(List.of(options.split(" ")));
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        int code = FilterJob.run(new PrintWriter(out), new PrintWriter(err), arguments.toArray(String[]::new));
        assertThat(code).isEqualTo(2);
        assertThat(out.toString()).isEmpty();
        assertThat(err.toString())
                .contains(message)
                .startsWith("gradmimic-spark: ")
                .hasLineCount(1);
    }
}
