package org.gradmimic.select;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.util.List;
import org.gradmimic.base.SettingException;
import org.gradmimic.io.run.Setting;
import org.gradmimic.io.run.SettingValues;
import org.gradmimic.select.score.ScoreColumn;
import org.gradmimic.select.vote.Binarizer;
import org.gradmimic.select.vote.Passes;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FilterSettingsTest {

    /** Values as a command line gives them: "share=0.5 binarize=top". */
    private static SettingValues values(String text) {
        SettingValues values = SettingValues.of(FilterSettings.GROUP);
        for (String part : text.split(" ")) {
            String[] pair = part.split("=");
            Setting<?> setting = FilterSettings.GROUP.settings().stream()
                    .filter(candidate -> candidate.name().equals(pair[0]))
                    .findFirst()
                    .orElseThrow();
            values = with(values, setting, pair[1]);
        }
        return values;
    }

    private static <V> SettingValues with(SettingValues values, Setting<V> setting, String text) {
        return values.with(setting, setting.parse(text));
    }

    private static List<Boolean> keeps(String settings, boolean relative, float... scores) {
        boolean[] keep =
                Passes.keep(FilterSettings.spec(values(settings), relative).binarizer(), scores);
        Boolean[] boxed = new Boolean[keep.length];
        for (int i = 0; i < keep.length; i++) {
            boxed[i] = keep[i];
        }
        return List.of(boxed);
    }

    @Test
    void everyRuleIsMadeOfItsSettings() {
        assertThat(keeps("binarize=threshold", false, -1, 0, 1)).containsExactly(false, true, true);
        assertThat(keeps("binarize=threshold threshold=1", false, 0, 1)).containsExactly(false, true);
        assertThat(keeps("binarize=threshold use=weights", true, 0.5f, 1)).containsExactly(false, true);
        assertThat(keeps("binarize=threshold use=weights batch-size=4", false, 0.2f, 0.25f))
                .containsExactly(false, true);
        assertThat(keeps("binarize=k-means", false, 0, 1, 5, 6)).containsExactly(false, false, true, true);
        assertThat(keeps("binarize=top share=0.5", false, 4, 1, 2, 3)).containsExactly(true, false, false, true);
        assertThat(keeps("binarize=bottom share=0.5", false, 4, 1, 2, 3)).containsExactly(false, true, true, false);
        float[] values = {0, 0.1f, 0.2f, 5, 5.1f, 5.2f};
        assertThat(Passes.decide(
                        FilterSettings.spec(values("binarize=mixture"), false).binarizer(), values))
                .isEqualTo(Passes.decide(Binarizer.mixture(), values));
    }

    @Test
    void theRestIsTakenAsGivenOrAsDefault() {
        FilterSpec plain = FilterSettings.spec(values("binarize=k-means"), false);
        assertThat(plain.aggregation()).isEqualTo(VoteAggregation.MAJORITY);
        assertThat(plain.classBalance()).isEmpty();
        FilterSpec given = FilterSettings.spec(values("binarize=gmm aggregate=label-model class-balance=0.25"), false);
        assertThat(given.aggregation()).isEqualTo(VoteAggregation.LABEL_MODEL);
        assertThat(given.classBalance()).hasValue(0.25);
        assertThat(FilterSettings.Use.SCORES.column()).isEqualTo(ScoreColumn.SCORE);
        assertThat(FilterSettings.Use.WEIGHTS.column()).isEqualTo(ScoreColumn.RELATIVE_WEIGHT);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "use=scores; false; binarize is missing; <binarize> is missing",
                "binarize=top; false; binarize top needs share; <binarize> top needs <share>",
                "share=2; false; share is 2.0, it must be from 0 to 1; <share> is 2.0, it must be from 0 to 1",
                "binarize=k-means share=0.5; false; share belongs to binarize top and bottom;"
                        + "<share> belongs to <binarize> top and bottom",
                "binarize=k-means threshold=1; false; threshold belongs to binarize threshold;"
                        + "<threshold> belongs to <binarize> threshold",
                "binarize=threshold use=weights; false; give batch-size or threshold; give <batch-size> or <threshold>",
                "binarize=threshold use=weights batch-size=4; true; batch-size belongs to use weights;"
                        + "<batch-size> belongs to <use> weights",
                "binarize=threshold batch-size=4; false; batch-size belongs to use weights;"
                        + "<batch-size> belongs to <use> weights",
                "binarize=mixture class-balance=0.5; false; class-balance belongs to aggregate label-model;"
                        + "<class-balance> belongs to <aggregate> label-model",
                "binarize=mixture aggregate=label-model class-balance=1; false; it must be between 0 and 1;"
                        + "<class-balance> is 1.0"
            })
    void whatDoesNotGoTogetherIsNamedBySettingAndByOption(
            String settings, boolean relative, String message, String byOption) {
        assertThatExceptionOfType(SettingException.class)
                .isThrownBy(() -> FilterSettings.spec(values(settings), relative))
                .satisfies(e -> {
                    assertThat(e.getMessage().replace(';', ',')).contains(message);
                    assertThat(e.message(name -> "<" + name + ">").replace(';', ','))
                            .contains(byOption.strip());
                });
    }
}
