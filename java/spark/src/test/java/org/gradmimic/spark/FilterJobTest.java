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
                "--binarize top; --binarize top needs --share",
                "--binarize bottom --share 1.5; --share is 1.5; it must be from 0 to 1",
                "--binarize k-means --share 0.5; --share belongs to --binarize top and bottom",
                "--binarize mixture --threshold 1; --threshold belongs to --binarize threshold",
                "--binarize threshold --threshold NaN; --threshold is NaN; it must be finite",
                "--binarize threshold --use weights --batch-size 8; --batch-size belongs to --use weights",
                "--binarize mixture --class-balance 0.5; --class-balance belongs to --aggregate label-model",
                "--binarize mixture --aggregate label-model --class-balance 1; it must be between 0 and 1",
                "--binarize mixture --aggregate vote; 'vote' is not one of majority, mean, label-model",
                "--binarize otsu; 'otsu' is not one of threshold, k-means, mixture, top, bottom",
                "--aggregate mean; --binarize is missing; it is one of threshold, k-means, mixture, top, bottom",
                "--binarize mixture --per-class; --per-class and --labels are options of gradmimic filter",
                "--binarize mixture --labels y.npy; --per-class and --labels are options of gradmimic filter",
                "--binarize mixture --nonsense; Unknown option: '--nonsense'"
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
