package org.gradmimic.cli;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.util.LinkedHashMap;
import java.util.Map;
import org.gradmimic.base.InternalException;

/**
 * Receives SIGINT and SIGTERM while it is open, so that a command can end in good order at its next step. A second signal
 * ends the process at once. The state is global to the process, as signals are.
 *
 * <p>A shutdown hook could not do this: once the JVM is ending, no file is begun any more, and LibTorch may not be used. The
 * class {@code sun.misc.Signal} is called by reflection because javac warns of it wherever it is named.
 */
final class Signals implements AutoCloseable {
    private static final Map<String, Integer> EXIT_CODES = Map.of("INT", 130, "TERM", 143);

    private final Map<String, Object> before = new LinkedHashMap<>();
    private volatile int exitCode;

    private Signals() {}

    /** Receives signals from now on. */
    static Signals catching() {
        Signals signals = new Signals();
        for (String name : EXIT_CODES.keySet()) signals.before.put(name, handle(name, signals.handler(name)));
        return signals;
    }

    private Object handler(String name) {
        InvocationHandler handler = (proxy, method, arguments) -> {
            switch (method.getName()) {
                case "handle" -> {
                    if (exitCode != 0) Runtime.getRuntime().exit(exitCode);
                    exitCode = EXIT_CODES.getOrDefault(name, 1);
                    return null;
                }
                case "equals" -> {
                    return proxy == arguments[0];
                }
                case "hashCode" -> {
                    return System.identityHashCode(proxy);
                }
                default -> {
                    return "handler of SIG" + name;
                }
            }
        };
        try {
            Class<?> type = Class.forName("sun.misc.SignalHandler");
            return Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, handler);
        } catch (ReflectiveOperationException e) {
            throw new InternalException("this Java has no signals: " + e, e);
        }
    }

    /** Sets a handler; returns the one before. */
    private static Object handle(String name, Object handler) {
        try {
            Class<?> signal = Class.forName("sun.misc.Signal");
            Class<?> type = Class.forName("sun.misc.SignalHandler");
            return signal.getMethod("handle", signal, type)
                    .invoke(null, signal.getConstructor(String.class).newInstance(name), handler);
        } catch (ReflectiveOperationException e) {
            throw new InternalException("this Java has no signals: " + e, e);
        }
    }

    /** Whether a signal was received. */
    boolean received() {
        return exitCode != 0;
    }

    /** 128 and the number of the signal that was received; 0 if there was none. */
    int exitCode() {
        return exitCode;
    }

    /** Gives the signals back to the handlers that were there before. */
    @Override
    public void close() {
        before.forEach(Signals::handle);
    }
}
