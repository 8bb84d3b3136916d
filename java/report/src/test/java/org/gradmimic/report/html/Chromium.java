package org.gradmimic.report.html;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.gradmimic.io.Json;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** A headless Chromium with one page, driven by its DevTools protocol. */
final class Chromium implements AutoCloseable {
    private static final List<String> NAMES = List.of("chromium", "chromium-browser", "google-chrome");
    private static final long SECONDS = 60;

    private final Process process;
    private final WebSocket socket;
    private final AtomicInteger last = new AtomicInteger();
    private final Map<Integer, CompletableFuture<JsonNode>> waiting = new ConcurrentHashMap<>();
    private final List<JsonNode> events = new CopyOnWriteArrayList<>();
    private String session = "";

    /** The program, if it is on the PATH. */
    static Optional<Path> find() {
        String path = System.getenv("PATH");
        for (String folder : path == null ? new String[0] : path.split(File.pathSeparator)) {
            for (String name : NAMES) {
                Path file = Path.of(folder, name);
                if (Files.isExecutable(file)) return Optional.of(file);
            }
        }
        return Optional.empty();
    }

    /** @param profile an empty folder */
    Chromium(Path program, Path profile) throws Exception {
        List<String> command = new ArrayList<>(List.of(
                program.toString(),
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--disable-default-apps",
                "--disable-quic",
                "--hide-scrollbars",
                "--remote-debugging-port=0",
                "--user-data-dir=" + profile,
                "about:blank"));
        process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String address = address(process);
        Thread drain = new Thread(() -> drain(process));
        drain.setDaemon(true);
        drain.start();
        socket = HttpClient.newHttpClient()
                .newWebSocketBuilder()
                .connectTimeout(Duration.ofSeconds(SECONDS))
                .buildAsync(URI.create(address), new Listener())
                .get(SECONDS, TimeUnit.SECONDS);
        String target = call("Target.createTarget", Map.of("url", "about:blank"))
                .required("targetId")
                .stringValue();
        session = call("Target.attachToTarget", Map.of("targetId", target, "flatten", true))
                .required("sessionId")
                .stringValue();
        for (String domain : List.of("Page", "Runtime", "Log", "Network")) call(domain + ".enable", Map.of());
    }

    private static String address(Process process) throws IOException {
        BufferedReader reader = process.inputReader(StandardCharsets.UTF_8);
        StringBuilder said = new StringBuilder();
        for (String line = reader.readLine(); line != null; line = reader.readLine()) {
            int at = line.indexOf("ws://");
            if (line.startsWith("DevTools listening on")) return line.substring(at);
            said.append(line).append('\n');
        }
        throw new IOException("Chromium did not start: " + said);
    }

    private static void drain(Process process) {
        try {
            process.inputReader(StandardCharsets.UTF_8).lines().forEach(line -> {});
        } catch (RuntimeException e) {
            // It ended.
        }
    }

    private final class Listener implements WebSocket.Listener {
        private final StringBuilder text = new StringBuilder();

        @Override
        public @Nullable CompletionStage<?> onText(WebSocket from, CharSequence data, boolean whole) {
            text.append(data);
            if (whole) {
                JsonNode message = Json.tree(text.toString());
                text.setLength(0);
                if (message.has("id")) {
                    CompletableFuture<JsonNode> answer =
                            waiting.remove(message.get("id").intValue());
                    if (answer != null) answer.complete(message);
                } else {
                    events.add(message);
                }
            }
            from.request(1);
            return null;
        }
    }

    /** Calls a method of the protocol. */
    JsonNode call(String method, Map<String, ?> parameters) throws Exception {
        int id = last.incrementAndGet();
        Map<String, Object> message = new LinkedHashMap<>();
        message.put("id", id);
        message.put("method", method);
        message.put("params", parameters);
        if (!session.isEmpty()) message.put("sessionId", session);
        CompletableFuture<JsonNode> answer = new CompletableFuture<>();
        waiting.put(id, answer);
        socket.sendText(Json.compact(message), true).get(SECONDS, TimeUnit.SECONDS);
        JsonNode result;
        try {
            result = answer.get(SECONDS, TimeUnit.SECONDS);
        } catch (TimeoutException | ExecutionException e) {
            throw new IOException(method + " was not answered", e);
        }
        if (result.has("error")) throw new IOException(method + ": " + result.get("error"));
        return result.required("result");
    }

    /** Opens a file and waits until the report in it is drawn. Returns the seconds that it took. */
    double open(Path file) throws Exception {
        events.clear();
        long begin = System.nanoTime();
        call("Page.navigate", Map.of("url", file.toUri().toString()));
        while (!evaluate("document.documentElement?.dataset.ready === 'true'").booleanValue()) {
            if (System.nanoTime() - begin > SECONDS * 1_000_000_000L)
                throw new IOException("the page was not drawn; " + problems());
            Thread.sleep(20);
        }
        // What was drawn is on the screen after the next frame.
        evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))");
        return (System.nanoTime() - begin) * 1e-9;
    }

    /** The value of an expression; a promise is waited for. */
    JsonNode evaluate(String expression) throws Exception {
        JsonNode result = call(
                "Runtime.evaluate",
                Map.of("expression", expression, "awaitPromise", true, "returnByValue", true, "userGesture", true));
        if (result.has("exceptionDetails")) throw new IOException(expression + ": " + result.get("exceptionDetails"));
        return result.required("result").has("value") ? result.get("result").get("value") : Json.tree("null");
    }

    String text(String selector) throws Exception {
        return evaluate("document.querySelector(" + Json.compact(selector) + ").textContent")
                .stringValue();
    }

    /** Presses and releases the mouse in the middle of an element. */
    void click(String selector) throws Exception {
        JsonNode at = evaluate("(() => { const e = document.querySelector(" + Json.compact(selector)
                + "); e.scrollIntoView({block: 'center', behavior: 'instant'}); const r = e.getBoundingClientRect();"
                + " return [r.x + r.width / 2, r.y + r.height / 2]; })()");
        for (String type : List.of("mousePressed", "mouseReleased")) {
            call(
                    "Input.dispatchMouseEvent",
                    Map.of(
                            "type",
                            type,
                            "x",
                            at.get(0).doubleValue(),
                            "y",
                            at.get(1).doubleValue(),
                            "button",
                            "left",
                            "clickCount",
                            1));
        }
    }

    /** Presses and releases a key with a name of DOM's KeyboardEvent. */
    void key(String key, int code) throws Exception {
        for (String type : List.of("keyDown", "keyUp")) {
            call(
                    "Input.dispatchKeyEvent",
                    Map.of("type", type, "key", key, "code", key, "windowsVirtualKeyCode", code));
        }
    }

    void type(String text) throws Exception {
        call("Input.insertText", Map.of("text", text));
    }

    void size(int width, int height) throws Exception {
        call(
                "Emulation.setDeviceMetricsOverride",
                Map.of("width", width, "height", height, "deviceScaleFactor", 1, "mobile", false));
    }

    void prefersDark(boolean dark) throws Exception {
        call(
                "Emulation.setEmulatedMedia",
                Map.of(
                        "features",
                        List.of(
                                Map.of("name", "prefers-color-scheme", "value", dark ? "dark" : "light"),
                                // So that nothing moves while the mouse is on its way.
                                Map.of("name", "prefers-reduced-motion", "value", "reduce"))));
    }

    byte[] screenshot(boolean whole) throws Exception {
        JsonNode shot = call("Page.captureScreenshot", Map.of("format", "png", "captureBeyondViewport", whole));
        return Base64.getDecoder().decode(shot.required("data").stringValue());
    }

    /** Errors, warnings and exceptions since the page was opened. */
    List<String> problems() {
        return events.stream()
                .filter(event -> switch (event.path("method").stringValue("")) {
                    case "Runtime.exceptionThrown" -> true;
                    case "Runtime.consoleAPICalled" ->
                        List.of("error", "warning", "assert")
                                .contains(event.at("/params/type").stringValue(""));
                    case "Log.entryAdded" ->
                        List.of("error", "warning")
                                .contains(event.at("/params/entry/level").stringValue(""));
                    default -> false;
                })
                .map(JsonNode::toString)
                .toList();
    }

    /** What the page asked for since it was opened. */
    List<String> requests() {
        return events.stream()
                .filter(event -> event.path("method").stringValue("").equals("Network.requestWillBeSent"))
                .map(event -> event.at("/params/request/url").stringValue(""))
                .toList();
    }

    @Override
    public void close() throws Exception {
        try {
            session = "";
            call("Browser.close", Map.of());
        } catch (IOException e) {
            process.destroyForcibly();
        }
        process.waitFor(SECONDS, TimeUnit.SECONDS);
    }
}
