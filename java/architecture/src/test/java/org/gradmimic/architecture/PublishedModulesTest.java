package org.gradmimic.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** What a repository and its users need to know of the modules, and that the coordinates in the README exist. */
class PublishedModulesTest {
    private static final Pattern XML = Pattern.compile("```xml\n(.*?)```", Pattern.DOTALL);

    private final Pom root = Pom.read(Modules.ROOT.resolve("pom.xml"));

    /** The POMs that are installed, by the names of their artifacts. */
    private Map<String, Pom> published() {
        Map<String, Pom> published = new TreeMap<>();
        for (Pom module : root.all("modules", "module")) {
            Path folder = Modules.ROOT.resolve(module.element().getTextContent().strip());
            Pom pom = Pom.read(folder.resolve("pom.xml"));
            if (!pom.text("properties", "maven.deploy.skip").equals("true")) published.put(pom.text("artifactId"), pom);
        }
        return published;
    }

    private Pom bom() {
        return published().get("gradmimic-bom");
    }

    @Test
    void bomHasEveryPublishedModule() {
        List<String> modules = new ArrayList<>(published().keySet());
        modules.remove("gradmimic-bom");
        assertThat(bom().all("dependencyManagement", "dependencies", "dependency"))
                .extracting(dependency -> dependency.text("artifactId"))
                .containsExactlyInAnyOrderElementsOf(modules)
                .hasSizeGreaterThanOrEqualTo(13);
        assertThat(bom().text("version")).isEqualTo(root.text("version"));
    }

    @Test
    void unpublishedModulesAreNotInstalled() {
        for (Pom module : root.all("modules", "module")) {
            String folder = module.element().getTextContent().strip();
            Pom pom = Pom.read(Modules.ROOT.resolve(folder).resolve("pom.xml"));
            assertThat(pom.text("properties", "maven.install.skip"))
                    .as(folder)
                    .isEqualTo(pom.text("properties", "maven.deploy.skip"));
        }
    }

    /** A module has what its parent says; the folder of a module is not appended to the parent's addresses. */
    @Test
    void everyModuleHasADescriptionAndALicence() throws IOException {
        published().forEach((artifact, pom) -> {
            assertThat(pom.text("name")).as(artifact).isEqualTo(artifact);
            assertThat(pom.text("description")).as(artifact).isNotEmpty();
            boolean inherits = pom.text("parent", "artifactId").equals(root.text("artifactId"));
            Pom from = inherits ? root : pom;
            assertThat(from.text("url")).as("url of %s", artifact).startsWith("https://");
            assertThat(from.text("licenses", "license", "name"))
                    .as("licence of %s", artifact)
                    .isEqualTo("Apache-2.0");
            assertThat(from.text("scm", "connection")).as("scm of %s", artifact).startsWith("scm:git:");
            assertThat(from.text("developers", "developer", "name"))
                    .as("developers of %s", artifact)
                    .isNotEmpty();
        });
        assertThat(Files.readString(Modules.ROOT.resolve("pom.xml")))
                .contains("child.project.url.inherit.append.path=\"false\"")
                .contains("child.scm.connection.inherit.append.path=\"false\"");
    }

    @Test
    void dependenciesInTheReadmeExist() throws IOException {
        List<String> gradmimics = new ArrayList<>();
        int others = 0;
        Matcher block = XML.matcher(Files.readString(Modules.ROOT.resolve("README.md")));
        while (block.find()) {
            Pom given = Pom.parse("<block>" + block.group(1) + "</block>", "a block of README.md");
            List<Pom> dependencies = new ArrayList<>(given.all("dependency"));
            dependencies.addAll(given.all("dependencies", "dependency"));
            dependencies.addAll(given.all("dependencyManagement", "dependencies", "dependency"));
            assertThat(dependencies).as(block.group(1)).isNotEmpty();
            boolean managed = given.has("dependencyManagement");
            for (Pom dependency : dependencies) {
                String artifact = dependency.text("artifactId");
                if (dependency.text("groupId").equals(root.text("groupId"))) {
                    gradmimics.add(artifact);
                    assertThat(published()).containsKey(artifact);
                    boolean free = managed && !dependency.text("scope").equals("import");
                    assertThat(dependency.text("version")).as(artifact).isEqualTo(free ? "" : root.text("version"));
                } else {
                    others++;
                    assertThat(versionOf(dependency))
                            .as("the version of %s in the root POM", artifact)
                            .isEqualTo(dependency.text("version"));
                }
            }
        }
        assertThat(gradmimics).contains("gradmimic-core", "gradmimic-bom", "gradmimic-train");
        assertThat(others).as("natives by their classifier").isEqualTo(2);
    }

    /** What the root POM says for this group, artifact and classifier. */
    private String versionOf(Pom dependency) {
        for (Pom managed : root.all("dependencyManagement", "dependencies", "dependency")) {
            boolean same = managed.text("groupId").equals(dependency.text("groupId"))
                    && managed.text("artifactId").equals(dependency.text("artifactId"))
                    && root.interpolated(managed.text("classifier")).equals(dependency.text("classifier"));
            if (same) return root.interpolated(managed.text("version"));
        }
        return "not there";
    }
}
