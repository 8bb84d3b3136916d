package org.gradmimic.data;

import java.io.IOException;

/** Where images in class folders lie. */
interface ImageSource {

    /** What the paths say. */
    ImageIndex index();

    /** Walks over one split's images. */
    SampleCursor cursor(Split split) throws IOException;
}
