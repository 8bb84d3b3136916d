package org.gradmimic.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import org.gradmimic.architecture.ThirdParty.Component;
import org.gradmimic.architecture.ThirdParty.Jar;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * THIRD-PARTY.md names every jar of the command line and every component of its native libraries with a licence. Run with
 * {@code -Dgradmimic.write=true} to write it.
 */
class ThirdPartyTest {
    private static final Path PAGE = Modules.ROOT.resolve("THIRD-PARTY.md");

    /** Written by the build of java/cli, before its tests. */
    private static final Path LIST = Modules.ROOT.resolve("java/cli/target/runtime-jars.txt");

    private static List<Jar> jars;
    private static List<Component> components;

    @TempDir
    private Path folder;

    @BeforeAll
    static void read() throws IOException {
        // With LibTorch for CUDA there are two more, of which the page speaks by itself.
        jars = ThirdParty.jars(LIST).stream()
                .filter(jar -> !jar.file().toString().matches(".*(-gpu|/cuda-[0-9.-]+linux-\\w+)\\.jar"))
                .toList();
        try (InputStream list = ThirdPartyTest.class.getResourceAsStream("/native-components.txt")) {
            components = ThirdParty.components(new String(list.readAllBytes(), StandardCharsets.UTF_8));
        }
    }

    @Test
    void pageIsUpToDate() throws IOException {
        String page = ThirdParty.page(jars, components);
        if (Boolean.getBoolean("gradmimic.write")) Files.writeString(PAGE, page);
        assertThat(Files.readString(PAGE))
                .as("THIRD-PARTY.md; -Dgradmimic.write=true writes it")
                .isEqualTo(page);
    }

    @Test
    void everyJarHasALicence() {
        assertThat(jars).hasSizeGreaterThan(20);
        assertThat(jars.stream()
                        .filter(jar -> !jar.isOurs() && ThirdParty.licences(jar).isEmpty())
                        .map(Jar::name))
                .as("jars without a licence")
                .isEmpty();
        assertThat(components)
                .allSatisfy(component -> assertThat(component.licence()).isNotEmpty());
    }

    @Test
    void everyNativeLibraryIsListedWithWhatItContains() throws IOException {
        List<String> missing = new ArrayList<>();
        int libraries = 0;
        for (Jar jar : jars) {
            // A module of gradmimic may be a folder of classes here.
            if (!Files.isRegularFile(jar.file())) continue;
            for (Map.Entry<String, String> library :
                    ThirdParty.natives(jar.file()).entrySet()) {
                libraries++;
                List<Component> inside = components.stream()
                        .filter(component -> component.covers(jar.artifact(), library.getKey()))
                        .toList();
                if (inside.isEmpty()) missing.add(jar.name() + ": " + library.getKey() + " is not listed");
                missing.addAll(ThirdParty.notFound(jar.file(), library.getValue(), inside));
            }
        }
        assertThat(missing).isEmpty();
        assertThat(libraries).isGreaterThan(50);
    }

    /** The jars with natives of our own, and the one that the launcher runs. */
    @Test
    void pageAndLicenceAreInTheJars() throws IOException {
        // The jars have the page as it was before it was written.
        if (Boolean.getBoolean("gradmimic.write")) return;
        for (String classes : List.of(
                "org/gradmimic/kernel/OpenResources.class",
                "org/gradmimic/data/ImageDecoder.class",
                "org/gradmimic/cli/Main.class")) {
            String from =
                    ThirdPartyTest.class.getClassLoader().getResource(classes).toString();
            String place = from.substring(0, from.length() - classes.length());
            for (String file : List.of("LICENSE", "NOTICE", "THIRD-PARTY.md")) {
                URL found =
                        Collections.list(ThirdPartyTest.class.getClassLoader().getResources("META-INF/" + file))
                                .stream()
                                .filter(url -> url.toString().startsWith(place))
                                .findFirst()
                                .orElseThrow(() -> new AssertionError("no META-INF/" + file + " beside " + classes));
                try (InputStream in = found.openStream()) {
                    assertThat(new String(in.readAllBytes(), StandardCharsets.UTF_8))
                            .as("%s beside %s", file, classes)
                            .isEqualTo(Files.readString(Modules.ROOT.resolve(file)));
                }
            }
        }
    }

    /** A jar whose POM has no licence, and one whose parent has it; a library that is not what the list says. */
    @Test
    void plantedViolationsAreFound() throws IOException {
        Jar bare = planted("bare", "");
        Jar heir = planted(
                "heir", "<parent><groupId>a.b</groupId><artifactId>parent</artifactId><version>1</version></parent>");
        planted("parent", "<licenses><license><name>MIT\n  License</name></license></licenses>");
        assertThat(ThirdParty.licences(bare)).isEmpty();
        assertThat(ThirdParty.licences(heir)).containsExactly("MIT License");

        assertThat(ThirdParty.natives(bare.file())).containsExactly(Map.entry("liba.so.1", "linux/liba.so.1"));
        List<Component> listed = ThirdParty.components("""
                # comment
                bare ; liba.so* ; A ; MIT ; content
                bare ; liba.so* ; B ; MIT ; other
                """);
        assertThat(listed).allMatch(component -> component.covers("bare", "liba.so.1"));
        assertThat(listed).noneMatch(component -> component.covers("bare", "libb.so"));
        assertThat(ThirdParty.notFound(bare.file(), "linux/liba.so.1", listed))
                .containsExactly("linux/liba.so.1: B: no 'other'");
    }

    private Jar planted(String artifact, String inside) throws IOException {
        Path at = Files.createDirectories(folder.resolve("a/b/" + artifact + "/1"));
        Files.writeString(at.resolve(artifact + "-1.pom"), "<project>" + inside + "</project>");
        Path jar = at.resolve(artifact + "-1.jar");
        try (JarOutputStream out = new JarOutputStream(Files.newOutputStream(jar))) {
            out.putNextEntry(new JarEntry("linux/liba.so.1"));
            out.write("some content".getBytes(StandardCharsets.UTF_8));
            out.closeEntry();
        }
        return new Jar("a.b:" + artifact, "1", jar);
    }
}
