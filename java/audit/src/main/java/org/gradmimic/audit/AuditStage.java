package org.gradmimic.audit;

/** The stages of an audit, in order. */
public enum AuditStage {
    READ("read images for the backbone", "images"),
    BACKBONE("train the backbone", "steps"),
    EMBED_TRUSTED("embed the trusted images", "images"),
    EMBED("embed the images", "images"),
    REFERENCE("train the reference head", "steps"),
    MIMIC("train with Grad-Mimic", "steps"),
    FILTER("find wrong labels", "files"),
    APPLY("collect the kept images", "images");

    private final String title;
    private final String unit;

    AuditStage(String title, String unit) {
        this.title = title;
        this.unit = unit;
    }

    /** The unit that {@link AuditListener#progressed} counts. */
    public String unit() {
        return unit;
    }

    @Override
    public String toString() {
        return title;
    }
}
