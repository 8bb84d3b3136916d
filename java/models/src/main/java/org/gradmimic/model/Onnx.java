package org.gradmimic.model;

import java.nio.file.Path;
import org.gradmimic.base.InputException;

/** Opens ONNX files, if ONNX Runtime is there: an optional library, because its jar has 54 MB. */
final class Onnx {
    private static final String ENDING = ".onnx";
    private static final String LIBRARY = "com.microsoft.onnxruntime:onnxruntime";

    private Onnx() {}

    /** ONNX files have no signature, so the name tells. */
    static boolean is(Path file) {
        return file.toString().endsWith(ENDING);
    }

    /** @throws InputException as {@link OnnxBackbone#open}, and if the library is missing */
    static Backbone open(Path file, ImageInput input, String output) {
        try {
            return OnnxBackbone.open(file, input, output);
        } catch (LinkageError e) {
            throw InputException.in(
                    file,
                    "needs ONNX Runtime, which cannot be loaded (" + e.getMessage() + "): add " + LIBRARY
                            + " to the class path",
                    e);
        }
    }
}
