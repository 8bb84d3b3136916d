package org.gradmimic.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.lang.ArchRule;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Each rule finds the violation that was planted for it, and that one alone. */
class PlantedViolationsTest {
    private static final String ROOT = "org.gradmimic.architecture.planted";
    private static final JavaClasses PLANTED = new ClassFileImporter().importPackages(ROOT);
    private static final Map<String, Set<String>> REACHABLE = Map.of(
            "kernel", Set.of(), "core", Set.of("kernel"), "data", Set.of("core", "kernel"), "cli", Set.of("data"));

    /** The folder below the root. */
    private static String module(JavaClass type) {
        return type.getPackageName().equals(ROOT)
                ? "cli"
                : type.getPackageName().substring(ROOT.length() + 1).split("\\.")[0];
    }

    static Stream<Arguments> planted() {
        Rules rules = new Rules(
                ROOT, PlantedViolationsTest::module, REACHABLE::get, Map.of("kernel", Set.of("core", "data")));
        return Stream.of(
                Arguments.of(rules.arrows(), "core.UsesCli"),
                Arguments.of(rules.noCycles(), "data.one.There"),
                Arguments.of(rules.internalStaysInside(), "data.UsesHidden"),
                Arguments.of(rules.signaturesHideInternals(), "core.Exposes"),
                Arguments.of(rules.abiBehindCore(), "data.UsesAbi"),
                Arguments.of(rules.optionsInCli(), "data.Declares"),
                Arguments.of(rules.libraryIsSilent(), "data.Prints"));
    }

    @ParameterizedTest(name = "{1}")
    @MethodSource("planted")
    void isFound(ArchRule rule, String violator) {
        assertThat(rule.evaluate(PLANTED).getFailureReport().getDetails())
                .isNotEmpty()
                .allMatch(detail -> detail.contains(ROOT + "." + violator));
    }
}
