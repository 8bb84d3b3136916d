package org.gradmimic.cli.filter;

/** DataComp's baseline filters that are supported. */
public enum Baseline {
    NO_FILTER("no-filter"),
    BASIC("basic"),
    CLIP_SCORE("clip-score");

    private final String name;

    Baseline(String name) {
        this.name = name;
    }

    @Override
    public String toString() {
        return name;
    }
}
