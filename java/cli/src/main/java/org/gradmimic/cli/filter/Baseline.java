package org.gradmimic.cli.filter;

/** The supported baseline filters of DataComp. */
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
