package org.gradmimic.io.run;

import java.util.List;
import org.gradmimic.base.GradmimicException;

/** An output folder holds a run already, and what is to be done with it was not said. */
public final class RunFolderException extends GradmimicException {
    private static final long serialVersionUID = 1;

    private final boolean finished;
    private final transient List<String> growing;

    RunFolderException(String message, boolean finished, List<String> growing) {
        super(message);
        this.finished = finished;
        this.growing = growing;
    }

    /** Whether the run has come to its end. */
    public boolean finished() {
        return finished;
    }

    /** Names of the settings that, when larger, extend a finished run; empty if nothing can extend it. */
    public List<String> growing() {
        return growing;
    }
}
