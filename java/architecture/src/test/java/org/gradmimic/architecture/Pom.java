package org.gradmimic.architecture;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.w3c.dom.Element;
import org.w3c.dom.Node;
import org.xml.sax.SAXException;

/** An element of a POM, and what is asked of one. A child that is missing has no text and no children. */
record Pom(Element element) {
    private static final Pattern PROPERTY = Pattern.compile("\\$\\{([\\w.-]+)}");

    static Pom read(Path file) {
        try {
            return parse(Files.readString(file), file.toString());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** @param name what a failure calls the text */
    static Pom parse(String xml, String name) {
        try {
            return new Pom(DocumentBuilderFactory.newInstance()
                    .newDocumentBuilder()
                    .parse(new ByteArrayInputStream(xml.getBytes(StandardCharsets.UTF_8)))
                    .getDocumentElement());
        } catch (IOException | SAXException | ParserConfigurationException e) {
            throw new IllegalStateException(name + " cannot be read as XML", e);
        }
    }

    /** {@return the children of a name, of the child that the path leads to} */
    List<Pom> all(String... path) {
        Pom at = this;
        for (int i = 0; i + 1 < path.length; i++) at = at.child(path[i]);
        List<Pom> found = new ArrayList<>();
        if (at.element == null) return found;
        for (Node node = at.element.getFirstChild(); node != null; node = node.getNextSibling()) {
            if (node instanceof Element child && child.getTagName().equals(path[path.length - 1])) {
                found.add(new Pom(child));
            }
        }
        return found;
    }

    Pom child(String name) {
        List<Pom> found = all(name);
        return found.isEmpty() ? new Pom(null) : found.get(0);
    }

    boolean has(String name) {
        return child(name).element != null;
    }

    /** {@return the text of the child that the path leads to, empty if there is none} */
    String text(String... path) {
        Pom at = this;
        for (String name : path) at = at.child(name);
        return at.element == null ? "" : at.element.getTextContent().strip();
    }

    /** {@return a text whose properties are replaced by what this POM says of them} */
    String interpolated(String text) {
        String before = null;
        String now = text;
        while (!now.equals(before)) {
            before = now;
            now = PROPERTY.matcher(now)
                    .replaceAll(m -> Matcher.quoteReplacement(
                            m.group(1).equals("project.version")
                                    ? text("version")
                                    : has("properties") && child("properties").has(m.group(1))
                                            ? text("properties", m.group(1))
                                            : m.group()));
        }
        return now;
    }
}
