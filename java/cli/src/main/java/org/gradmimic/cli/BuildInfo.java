package org.gradmimic.cli;

import java.io.IOException;
import java.io.InputStream;
import java.util.Properties;
import org.gradmimic.base.InternalException;
import picocli.CommandLine.IVersionProvider;

/** What the build recorded about itself in {@code build.properties}. */
public final class BuildInfo implements IVersionProvider {
    private static final Properties PROPERTIES = read();

    private static Properties read() {
        Properties properties = new Properties();
        try (InputStream in = BuildInfo.class.getResourceAsStream("build.properties")) {
            properties.load(in);
        } catch (IOException e) {
            throw new InternalException("build.properties cannot be read: " + e.getMessage(), e);
        }
        return properties;
    }

    /** gradmimic's version, such as "0.1.0". */
    public static String version() {
        return PROPERTIES.getProperty("version");
    }

    /** The version of the LibTorch presets that gradmimic was compiled against, such as "2.10.0-1.5.13". */
    public static String torchPresets() {
        return PROPERTIES.getProperty("pytorch");
    }

    @Override
    public String[] getVersion() {
        return new String[] {"gradmimic " + version()};
    }
}
