package org.gradmimic.kernel.internal.presets;

import org.bytedeco.javacpp.annotation.Platform;
import org.bytedeco.javacpp.annotation.Properties;
import org.bytedeco.javacpp.tools.Info;
import org.bytedeco.javacpp.tools.InfoMap;
import org.bytedeco.javacpp.tools.InfoMapper;

/**
 * Configures how JavaCPP reads {@code gradmimic.h}. The result is the package {@code
 * org.gradmimic.kernel.internal.abi}, which is generated at build time and never edited.
 */
@Properties(
        target = "org.gradmimic.kernel.internal.abi",
        global = "org.gradmimic.kernel.internal.abi.gradmimic",
        value = @Platform(include = "gradmimic/gradmimic.h", link = "gradmimic"))
public class gradmimic implements InfoMapper {
    @Override
    public void map(InfoMap infos) {
        infos.put(new Info("GM_API", "GRADMIMIC_GRADMIMIC_H").cppTypes().annotations());
    }
}
