package org.gradmimic.cli;

import org.gradmimic.demo.DemoListener;
import org.gradmimic.demo.DemoStage;
import org.jspecify.annotations.Nullable;

/** A progress bar for every stage of a demo. */
final class DemoProgress implements DemoListener {
    private final CommonOptions common;
    private @Nullable Progress bar;
    private long shown;

    DemoProgress(CommonOptions common) {
        this.common = common;
    }

    @Override
    public void started(DemoStage stage, long total) {
        bar = common.progress(stage.toString(), stage.unit(), total);
        shown = 0;
    }

    @Override
    public void progressed(DemoStage stage, long done, long total) {
        if (bar != null) bar.step(done - shown);
        shown = done;
    }

    @Override
    public void finished(DemoStage stage, double seconds) {
        if (bar != null) bar.close();
        bar = null;
    }
}
