package org.gradmimic.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.gradmimic.architecture.Modules.Module;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The rules hold for what the modules are compiled to. */
class ArchitectureTest {
    private static final Modules MODULES = new Modules(Modules.ROOT);
    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .withImportOption(location -> !location.contains("/architecture/"))
            .importPackages("org.gradmimic");

    static Stream<Arguments> rules() {
        Rules rules = new Rules(MODULES);
        return Stream.of(
                Arguments.of("arrows", rules.arrows()),
                Arguments.of("noCycles", rules.noCycles()),
                Arguments.of("internalStaysInside", rules.internalStaysInside()),
                Arguments.of("signaturesHideInternals", rules.signaturesHideInternals()),
                Arguments.of("abiBehindCore", rules.abiBehindCore()),
                Arguments.of("optionsInCli", rules.optionsInCli()),
                Arguments.of("libraryIsSilent", rules.libraryIsSilent()));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("rules")
    void holds(String name, ArchRule rule) {
        rule.check(CLASSES);
    }

    @Test
    void everyModuleIsChecked() {
        for (Module module : MODULES.all()) {
            // bench is a program that nothing depends on, and not on the class path here.
            if (module.name().equals("bench")) continue;
            assertThat(CLASSES.stream().map(type -> type.getPackageName()))
                    .as(module.name())
                    .containsAnyElementsOf(module.packages());
        }
    }

    @Test
    void noPackageIsSplitBetweenModules() {
        Map<String, String> owners = new HashMap<>();
        for (Module module : MODULES.all()) {
            for (String name : module.packages())
                assertThat(owners.put(name, module.name())).as(name).isNull();
        }
    }
}
