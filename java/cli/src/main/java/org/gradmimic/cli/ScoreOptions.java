package org.gradmimic.cli;

import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.gradmimic.io.run.SettingValues;
import org.gradmimic.score.ScoreSettings;
import org.gradmimic.score.ScoreSink;
import org.gradmimic.score.ScoreSource;
import org.gradmimic.score.ScoreSummary;
import org.gradmimic.score.Scoring;
import picocli.CommandLine.IModelTransformer;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;

/** The options and messages that the two commands of {@code score} share. */
final class ScoreOptions implements IModelTransformer {
    static final String KINDS =
            "proj and cos are scores: NaN if not finite. normed_proj, normed_cos and opt are weights: 0 in that case.";

    /** Adds an option to the command for every setting of scoring. */
    @Override
    public CommandSpec transform(CommandSpec command) {
        SettingOptions.add(command, ScoreSettings.GROUP);
        return command;
    }

    /** The values of the settings. Prints a note that names the given settings that have no effect. */
    static SettingValues values(CommandSpec command, CommonOptions common) {
        SettingValues values = SettingOptions.values(command, ScoreSettings.GROUP);
        SettingOptions.note(common, values.ignored());
        return values;
    }

    static ScoreSummary run(SettingValues values, ScoreSource source, ScoreSink sink, CommonOptions common) {
        Scoring scoring = ScoreSettings.scoring(values);
        long[] done = {0};
        try (Progress progress = common.progress("scoring", "samples", source.count())) {
            return scoring.run(source, sink, samples -> {
                progress.step(samples - done[0]);
                done[0] = samples;
            });
        }
    }

    /** Prints which samples have no finite score. */
    static void note(ScoreSummary summary, CommonOptions common) {
        String blame = ScoreSummary.blame(summary.invalidSamples());
        if (!blame.isEmpty()) common.note(blame);
        if (summary.nonFinite() == 0) return;
        List<Long> named = summary.nonFiniteSamples();
        common.note(summary.nonFinite() + " of " + summary.samples()
                + (summary.nonFinite() == 1
                        ? " samples has no finite score: sample "
                        : " samples have no finite score: samples ")
                + named.stream().map(String::valueOf).collect(Collectors.joining(", "))
                + (summary.nonFinite() > named.size() ? " and others" : ""));
    }

    static boolean given(CommandSpec command, String option) {
        return command.commandLine().getParseResult().hasMatchedOption(option);
    }

    /** Rejects a command line that lacks one of these options, as picocli does. */
    static void require(CommandSpec command, String... options) {
        List<String> missing =
                Stream.of(options).filter(option -> !given(command, option)).toList();
        if (missing.isEmpty()) return;
        String list = missing.stream()
                .map(command::findOption)
                .map(ScoreOptions::synopsis)
                .collect(Collectors.joining(", "));
        throw new ParameterException(
                command.commandLine(), "Missing required option" + (missing.size() == 1 ? ": " : "s: ") + list);
    }

    private static String synopsis(OptionSpec option) {
        return "'" + option.longestName() + "=" + option.paramLabel() + "'";
    }

    /** Prints a note that names which of these options were given although {@code by} ignores them. */
    static void noteIgnored(CommandSpec command, CommonOptions common, String by, String... options) {
        List<String> ignored =
                Stream.of(options).filter(option -> given(command, option)).toList();
        if (!ignored.isEmpty()) common.note("note: " + by + " ignores " + String.join(", ", ignored));
    }
}
