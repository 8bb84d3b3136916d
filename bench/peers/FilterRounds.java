import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.gradmimic.select.vote.Binarizer;
import org.gradmimic.select.VoteAggregation;
import org.gradmimic.select.filter.Filter;
import org.gradmimic.select.score.Scores;
import org.gradmimic.select.Selection;
import org.gradmimic.select.Selector;
import org.gradmimic.select.filter.FilterFile;

/**
 * Our side of bench/peers/filter_peers.py: mixture votes and the label model of a .npy file, several times in one process.
 * Prints a line of JSON: seconds of each round, the first one with a cold JVM.
 */
public final class FilterRounds {
    private FilterRounds() {}

    /** @param arguments scores.npy, threads, rounds, keep.npy */
    public static void main(String[] arguments) {
        int threads = Integer.parseInt(arguments[1]);
        int rounds = Integer.parseInt(arguments[2]);
        List<Double> seconds = new ArrayList<>();
        Filter filter = null;
        for (int round = 0; round < rounds; round++) {
            long begin = System.nanoTime();
            try (Scores scores = Scores.npy(Path.of(arguments[0]))) {
                Selection selection = new Selector(scores, FilterSpec.of(Binarizer.mixture(), VoteAggregation.LABEL_MODEL))
                        .threads(threads)
                        .run();
                filter = selection.filter();
            }
            seconds.add((System.nanoTime() - begin) * 1e-9);
        }
        FilterFile.write(Path.of(arguments[3]), filter);
        System.out.println(seconds.stream()
                .map(s -> String.format(Locale.ROOT, "%.4f", s))
                .collect(Collectors.joining(", ", "[", "]")));
    }
}
