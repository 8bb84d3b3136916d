package org.gradmimic.spark;

import java.util.List;
import org.apache.spark.sql.SparkSession;

/**
 * One Spark for all tests of this JVM: a master, two workers and their executors, each executor a JVM of its own with one
 * core. Started by the first test that asks, ended with the JVM.
 */
final class Cluster {

    private static SparkSession session;

    private Cluster() {}

    static synchronized SparkSession session() {
        if (session == null) {
            SparkHome.link();
            session = SparkSession.builder()
                    .master("local-cluster[2,1,1024]")
                    .appName("gradmimic tests")
                    .config("spark.executor.extraClassPath", System.getProperty("java.class.path"))
                    .config("spark.driver.host", "127.0.0.1")
                    .config("spark.ui.enabled", "false")
                    .config("spark.sql.shuffle.partitions", "3")
                    .getOrCreate();
            Runtime.getRuntime().addShutdownHook(new Thread(session::stop));
        }
        return session;
    }

    /** The executors' processes. */
    static List<ProcessHandle> executors() {
        return ProcessHandle.current()
                .descendants()
                .filter(process -> process.info().commandLine().orElse("").contains("CoarseGrainedExecutorBackend"))
                .toList();
    }
}
