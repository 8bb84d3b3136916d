package org.gradmimic.data;

import java.io.IOException;
import org.bytedeco.opencv.opencv_core.Mat;

/** Iterates over the samples of a split, one by one; every kind of source implements it. */
interface SampleCursor extends AutoCloseable {

    /** Advances to the next sample; false if there is none. Any fault in the file is an InputException. */
    boolean next() throws IOException;

    /** The position of the current sample in its split. */
    long id();

    /** The label of the current sample. */
    long label();

    /** Writes the current sample into {@code target}, 8-bit RGB of the size of the fit. */
    void paint(Mat target, ImageFit fit);

    @Override
    void close() throws IOException;
}
