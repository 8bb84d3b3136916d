package org.gradmimic.report.html;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.gradmimic.base.InternalException;
import org.gradmimic.io.AtomicFile;

/** The HTML around the data: styles, scripts and libraries in one file, under a policy that lets nothing else run or load. */
final class Page {
    private static final Pattern PLACE = Pattern.compile("\\{\\{(\\w+)}}");

    /** Each licence, and the library under it. */
    private static final List<List<String>> LIBRARIES = List.of(
            List.of("library/LICENSE-uPlot.txt", "library/uPlot.iife.min.js"),
            List.of("library/LICENSE-virtual-core.txt", "library/virtual-core.iife.js"));

    /** In the order in which they use each other. */
    private static final List<String> SCRIPTS = List.of(
            "format",
            "data",
            "theme",
            "chart",
            "model",
            "scores",
            "gallery",
            "detail",
            "classes",
            "training",
            "run",
            "main");

    private Page() {}

    /**
     * Writes a page, which is whole or absent.
     *
     * @param header the data as {@link DataBlock#writeTo} takes it
     * @param images base64, one piece for each image
     */
    static void write(Path file, DataBlock data, Object header, List<String> images) {
        String style = resource("library/uPlot.min.css") + "\n" + resource("style.css");
        String script = script();
        String policy = String.join(
                "; ",
                "default-src 'none'",
                "script-src " + hash(script),
                "style-src " + hash(style),
                "img-src data:",
                "base-uri 'none'",
                "form-action 'none'");
        AtomicFile.write(file, temporary -> {
            try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(temporary), 1 << 18)) {
                String template = resource("page.html");
                Matcher place = PLACE.matcher(template);
                int from = 0;
                while (place.find()) {
                    text(out, template.substring(from, place.start()));
                    switch (place.group(1)) {
                        case "policy" -> text(out, policy);
                        case "style" -> text(out, style);
                        case "script" -> text(out, script);
                        case "data" -> data.writeTo(out, header);
                        case "images" -> {
                            for (String image : images) text(out, image);
                        }
                        default -> throw new InternalException("page.html has an unknown place: " + place.group());
                    }
                    from = place.end();
                }
                text(out, template.substring(from));
            }
        });
    }

    private static void text(OutputStream out, String text) throws IOException {
        out.write(text.getBytes(StandardCharsets.UTF_8));
    }

    /** The libraries with their licences, then our scripts in a scope of their own. */
    private static String script() {
        String libraries = LIBRARIES.stream()
                .map(library -> "/*\n" + resource(library.get(0)) + "*/\n" + resource(library.get(1)))
                .collect(Collectors.joining("\n"));
        String own =
                SCRIPTS.stream().map(name -> resource("script/" + name + ".js")).collect(Collectors.joining("\n"));
        return libraries + "\n(() => {\n'use strict';\n" + own + "})();\n";
    }

    private static String hash(String text) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
            return "'sha256-" + Base64.getEncoder().encodeToString(digest) + "'";
        } catch (NoSuchAlgorithmException e) {
            throw new InternalException("every Java has SHA-256", e);
        }
    }

    static String resource(String name) {
        try (InputStream in = Page.class.getResourceAsStream(name)) {
            if (in == null) throw new InternalException("the resource " + name + " is missing from the jar");
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new InternalException("the resource " + name + " cannot be read", e);
        }
    }
}
