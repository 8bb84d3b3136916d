package org.gradmimic.data;

import java.util.Collection;
import java.util.List;

/** How images in a folder or an archive get their labels. */
interface ImageLayout {
    /** Images lie in folders of their classes. */
    ImageLayout CLASS_FOLDERS = new ImageLayout() {
        @Override
        public Collection<String> listed() {
            return List.of();
        }

        @Override
        public ImagePaths paths() {
            return new ImagePaths();
        }

        @Override
        public ImageIndex index(String source, ImagePaths found) {
            return ClassFolders.index(source, found);
        }
    };

    /** The paths of the images, if they are known without looking; else empty. */
    Collection<String> listed();

    /** Takes the paths that are found. */
    ImagePaths paths();

    /**
     * The images.
     *
     * @param source named in messages
     * @param found all paths
     */
    ImageIndex index(String source, ImagePaths found);
}
