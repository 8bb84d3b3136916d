package org.gradmimic.architecture;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.GeneralCodingRules.ACCESS_STANDARD_STREAMS;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaMember;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import com.tngtech.archunit.library.dependencies.SliceAssignment;
import com.tngtech.archunit.library.dependencies.SliceIdentifier;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.BiPredicate;
import java.util.function.Function;
import org.gradmimic.architecture.Modules.Module;

/** The rules between modules and packages. {@code root} is the package they hold under, so that tests can try them. */
final class Rules {
    private static final String JAVACPP = "org.bytedeco.javacpp";

    private final String root;
    private final Function<JavaClass, String> moduleOf;
    private final Function<String, Set<String>> reachable;
    private final Map<String, Set<String>> friends;

    /** Of the modules as they are. */
    Rules(Modules modules) {
        this(
                "org.gradmimic",
                type -> modules.ofPackage(type.getPackageName())
                        .map(Module::name)
                        .orElseThrow(() -> new IllegalStateException(type.getName() + " lies in no module")),
                modules::reachable,
                Map.of("kernel", Set.of("core", "models", "train", "bench")));
    }

    /** @param friends the modules that may use the internal packages of a module */
    Rules(
            String root,
            Function<JavaClass, String> moduleOf,
            Function<String, Set<String>> reachable,
            Map<String, Set<String>> friends) {
        this.root = root;
        this.moduleOf = moduleOf;
        this.reachable = reachable;
        this.friends = friends;
    }

    /** A module uses what its POM's arrows lead to. */
    ArchRule arrows() {
        return classes()
                .should(onlyUse(
                        "only use modules that their own module depends on",
                        (from, to) -> sameModule(from, to)
                                || reachable.apply(moduleOf.apply(from)).contains(moduleOf.apply(to))));
    }

    /**
     * Packages form no circle. Those of cli count as one: the root command lists its subcommands, and they share what lies
     * beside it.
     */
    ArchRule noCycles() {
        return slices().assignedFrom(new SliceAssignment() {
                    @Override
                    public String getDescription() {
                        return "packages";
                    }

                    @Override
                    public SliceIdentifier getIdentifierOf(JavaClass type) {
                        String name = type.getPackageName();
                        return SliceIdentifier.of(name.startsWith(root + ".cli") ? root + ".cli" : name);
                    }
                })
                .should()
                .beFreeOfCycles();
    }

    /** A package named internal belongs to its module and the friends that the module names. */
    ArchRule internalStaysInside() {
        return classes()
                .should(onlyUse(
                        "leave internal packages to the module that has them and its friends",
                        (from, to) -> sameModule(from, to)
                                || !isInternal(to)
                                || friends.getOrDefault(moduleOf.apply(to), Set.of())
                                        .contains(moduleOf.apply(from))));
    }

    /**
     * What a guest can call or extend names no type of an internal package and none of JavaCPP's pointers, which are addresses. The
     * tensors and modules of LibTorch are the currency of the API. {@code TensorScope.keep} takes whatever object of LibTorch a scope
     * may hold, and those have only {@code Pointer} in common.
     */
    ArchRule signaturesHideInternals() {
        return classes()
                .that(DescribedPredicate.describe("guests see", this::isVisible))
                .should(new ArchCondition<>("name no internal type and no address in a signature") {
                    @Override
                    public void check(JavaClass type, ConditionEvents events) {
                        if (type.getName().equals(root + ".TensorScope")) return;
                        for (JavaMember member : type.getMembers()) {
                            if (!isVisible(member.getModifiers())) continue;
                            for (JavaClass named : member.getAllInvolvedRawTypes()) {
                                JavaClass base = named.getBaseComponentType();
                                if (!isInternal(base) && !base.getPackageName().equals(JAVACPP)) continue;
                                events.add(SimpleConditionEvent.violated(
                                        member, member.getFullName() + " names " + base.getName()));
                            }
                        }
                    }
                });
    }

    private boolean isVisible(JavaClass type) {
        return !isInternal(type)
                && isVisible(type.getModifiers())
                && type.getEnclosingClass().map(this::isVisible).orElse(true);
    }

    private static boolean isVisible(Set<JavaModifier> modifiers) {
        return !modifiers.contains(JavaModifier.SYNTHETIC)
                && (modifiers.contains(JavaModifier.PUBLIC) || modifiers.contains(JavaModifier.PROTECTED));
    }

    /**
     * The C ABI's structs and calls are seen by their binding, by core, which fills them from tensors, and by the weights
     * of scores that lie in files.
     */
    ArchRule abiBehindCore() {
        return noClasses()
                .that()
                .resideOutsideOfPackage(root + ".kernel..")
                .and(DescribedPredicate.describe(
                        "lie outside of core", type -> !moduleOf.apply(type).equals("core")))
                .and(DescribedPredicate.describe(
                        "are not BatchWeights", type -> !type.getName().equals(root + ".score.BatchWeights")))
                .should()
                .dependOnClassesThat()
                .resideInAPackage(root + ".kernel.internal.abi..");
    }

    /** Options of the command line are cli's, and those of the jobs for spark-submit Spark's. */
    ArchRule optionsInCli() {
        return noClasses()
                .that()
                .resideOutsideOfPackages(root + ".cli..", root + ".spark..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("picocli..");
    }

    /** Libraries say nothing on stdout and stderr. */
    ArchRule libraryIsSilent() {
        DescribedPredicate<JavaClass> program = resideInAPackage(root + ".cli..")
                .or(DescribedPredicate.describe(
                        "JobRunner", type -> type.getName().equals(root + ".spark.JobRunner")));
        return noClasses().that(DescribedPredicate.not(program)).should(ACCESS_STANDARD_STREAMS);
    }

    private boolean sameModule(JavaClass from, JavaClass to) {
        return Objects.equals(moduleOf.apply(from), moduleOf.apply(to));
    }

    private boolean isInternal(JavaClass type) {
        return (type.getPackageName() + ".").contains(".internal.");
    }

    private ArchCondition<JavaClass> onlyUse(String description, BiPredicate<JavaClass, JavaClass> allowed) {
        return new ArchCondition<>(description) {
            @Override
            public void check(JavaClass type, ConditionEvents events) {
                for (Dependency dependency : type.getDirectDependenciesFromSelf()) {
                    JavaClass target = dependency.getTargetClass().getBaseComponentType();
                    if ((target.getPackageName() + ".").startsWith(root + ".") && !allowed.test(type, target)) {
                        events.add(SimpleConditionEvent.violated(dependency, dependency.getDescription()));
                    }
                }
            }
        };
    }
}
