package org.gradmimic.demo;

/** The stages of the demo, in order. */
public enum DemoStage {
    READ("read the clean images", "images"),
    BACKBONE("train the backbone", "steps"),
    EMBED("embed all images", "images"),
    REFERENCE("train the reference head", "steps"),
    PLAIN("train plainly", "steps"),
    MIMIC("train with Grad-Mimic", "steps"),
    FILTER("make the filter", "files");

    private final String title;
    private final String unit;

    DemoStage(String title, String unit) {
        this.title = title;
        this.unit = unit;
    }

    /** The unit that {@link DemoListener#progressed} counts. */
    public String unit() {
        return unit;
    }

    @Override
    public String toString() {
        return title;
    }
}
