package org.gradmimic.io.run;

import java.util.List;
import org.gradmimic.base.GradmimicException;

/** An output folder already contains a run, and the caller did not state what to do with it. */
public final class RunFolderException extends GradmimicException {
    private static final long serialVersionUID = 1;

    private final boolean finished;
    private final transient List<String> growing;

    RunFolderException(String message, boolean finished, List<String> growing) {
        super(message);
        this.finished = finished;
        this.growing = growing;
    }

    /** Whether the run is finished. */
    public boolean finished() {
        return finished;
    }

    /** Names of the settings that, when larger, extend a finished run; empty if nothing can extend it. */
    public List<String> growing() {
        return growing;
    }
}
