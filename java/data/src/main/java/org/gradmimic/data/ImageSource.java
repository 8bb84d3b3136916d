package org.gradmimic.data;

import java.io.IOException;

/** A place that stores images in class folders. */
interface ImageSource {

    /** What the paths say. */
    ImageIndex index();

    /** A cursor over the images of one split. */
    SampleCursor cursor(Split split) throws IOException;

    /** The images of one split in any order. */
    SampleAccess access(Split split) throws IOException;
}
