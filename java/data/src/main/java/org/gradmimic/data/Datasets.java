package org.gradmimic.data;

import org.gradmimic.base.InputException;

/** Opens data sets by a spec, {@code KIND:WHERE}. */
public final class Datasets {
    /** The specs that {@link #open} accepts, for help texts. */
    public static final String SYNTAX =
            "images:DIR_OR_ARCHIVE, images:MANIFEST[,root=DIR_OR_ARCHIVE], cifar10:DIR, cifar100:DIR, idx:DIR,"
                    + " drawn:[classes=N,train=N,test=N,seed=N,size=N], npy:DIR or npy:FEATURES,LABELS";

    /** The default limit on the pixels of an encoded image. Above it, Pillow suspects a decompression bomb. */
    public static final long MAX_PIXELS = 178_956_970;

    private Datasets() {}

    /**
     * Opens a data set:
     *
     * <ul>
     *   <li>{@code images:DIR_OR_ARCHIVE}: images in one folder per class, optionally in folders {@code train}, {@code val}
     *       (or {@code valid}, {@code validation}) and {@code test}; in a folder, or in a {@code .tar}, {@code .tar.gz} or
     *       {@code .zip} that is read without unpacking
     *   <li>{@code images:MANIFEST[,root=DIR_OR_ARCHIVE][,path=COLUMN][,label=COLUMN][,split=COLUMN]}: images listed in a
     *       {@code .csv}, {@code .tsv} or {@code .parquet} file with their labels; paths begin at the root, by default the
     *       folder of the manifest
     *   <li>{@code cifar10:DIR}, {@code cifar100:DIR}: the binary distribution or the one for Python
     *   <li>{@code idx:DIR}: the files of MNIST and Fashion-MNIST, gzipped or not
     *   <li>{@code drawn:}: letters and digits drawn on demand; needs no file
     *   <li>{@code npy:DIR}, {@code npy:FILE.npz}, {@code npy:FEATURES,LABELS}: features [N, D] and labels [N] as {@code .npy}
     * </ul>
     *
     * @throws InputException if the kind is unknown, or what it names is missing or damaged
     */
    public static Dataset open(String spec) {
        return open(spec, MAX_PIXELS);
    }

    private static Dataset open(String spec, long maxPixels) {
        int colon = spec.indexOf(':');
        if (colon < 0) {
            throw new InputException("data set '" + spec + "': expected KIND:WHERE, one of " + SYNTAX);
        }
        String where = spec.substring(colon + 1);
        return switch (spec.substring(0, colon)) {
            case "images" -> StoredImageDataset.open(spec, where, maxPixels);
            case "cifar10" -> CifarDataset.open10(spec, where);
            case "cifar100" -> CifarDataset.open100(spec, where);
            case "idx" -> IdxDataset.open(spec, where);
            case "drawn" -> DrawnDataset.open(spec, where);
            case "npy" -> FeatureDataset.open(spec, where);
            default -> throw new InputException("data set '" + spec + "': unknown kind; expected one of " + SYNTAX);
        };
    }

    /**
     * Opens a data set that must consist of images.
     *
     * @throws InputException also if it contains features
     */
    public static ImageDataset openImages(String spec) {
        return openImages(spec, MAX_PIXELS);
    }

    /**
     * Opens a data set that must consist of images, with a limit other than {@link #MAX_PIXELS}.
     *
     * @param maxPixels reading fails at an encoded image with more pixels, before it is decoded
     * @throws InputException as {@link #openImages(String)}
     */
    public static ImageDataset openImages(String spec, long maxPixels) {
        Dataset dataset = open(spec, maxPixels);
        if (dataset instanceof ImageDataset images) {
            return images;
        }
        if (dataset instanceof FeatureDataset features) {
            features.close();
        }
        throw new InputException("data set '" + spec + "': holds features; expected images");
    }
}
