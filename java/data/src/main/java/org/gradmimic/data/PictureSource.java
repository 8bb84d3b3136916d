package org.gradmimic.data;

import java.io.IOException;

/** Where pictures in class folders lie. */
interface PictureSource {

    /** What the paths say. */
    PictureIndex index();

    /** Walks over one split's pictures. */
    SampleCursor cursor(Split split) throws IOException;
}
