package org.gradmimic.select.datacomp;

/** The CLIP models whose scores are in DataComp's metadata. */
public enum ClipModel {
    B32("b32"),
    L14("l14");

    private final String name;

    ClipModel(String name) {
        this.name = name;
    }

    /** The metadata's column of this model's similarities between image and caption. */
    String column() {
        return "clip_" + name + "_similarity_score";
    }

    /** The name in DataComp's commands. */
    @Override
    public String toString() {
        return name;
    }
}
