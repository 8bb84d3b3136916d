package org.gradmimic.data;

import java.io.IOException;
import org.bytedeco.opencv.opencv_core.Mat;

/** Walks over a split's samples one by one; what each kind of source implements. */
interface SampleCursor extends AutoCloseable {

    /** Goes to the next sample; false when there is none. Anything wrong with the file is an InputException. */
    boolean next() throws IOException;

    /** The current sample's position in its split. */
    long id();

    /** The current sample's label. */
    long label();

    /** Writes the current sample into {@code target}, RGB of 8 bits, scaled to the target's size. */
    void paint(Mat target);

    @Override
    void close() throws IOException;
}
