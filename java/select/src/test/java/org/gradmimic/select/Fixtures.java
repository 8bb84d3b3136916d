package org.gradmimic.select;

import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.Objects;

/** Files among the test resources, as paths. */
public final class Fixtures {
    private Fixtures() {}

    /** A file of {@code datacomp/}, made by pandas and NumPy: see make_fixtures.py there. */
    public static Path datacomp(String name) {
        try {
            return Path.of(Objects.requireNonNull(Fixtures.class.getResource("/datacomp/" + name), name)
                    .toURI());
        } catch (URISyntaxException e) {
            throw new AssertionError(e);
        }
    }
}
