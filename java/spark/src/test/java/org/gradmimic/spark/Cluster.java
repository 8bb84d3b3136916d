package org.gradmimic.spark;

import java.util.Collections;
import java.util.Map;
import java.util.stream.Collectors;
import org.apache.spark.SparkEnv;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import scala.Tuple2;

/**
 * One Spark for all tests of this JVM: a master, two workers and their executors, each executor a JVM of its own with one
 * core. Started by the first test that asks, ended with the JVM.
 */
public final class Cluster {

    private static SparkSession session;

    private Cluster() {}

    public static synchronized SparkSession session() {
        if (session == null) {
            SparkHome.link();
            session = SparkSession.builder()
                    .master("local-cluster[2,1,1024]")
                    .appName("gradmimic tests")
                    .config("spark.executor.extraClassPath", System.getProperty("java.class.path"))
                    // Tests are over before the better compiler would pay.
                    .config("spark.executor.extraJavaOptions", "-XX:TieredStopAtLevel=1")
                    .config("spark.driver.host", "127.0.0.1")
                    .config("spark.ui.enabled", "false")
                    .config("spark.sql.shuffle.partitions", "3")
                    .getOrCreate();
            Runtime.getRuntime().addShutdownHook(new Thread(session::stop));
        }
        return session;
    }

    /** The executors' processes by Spark's names for them; asked of the executors themselves. */
    public static Map<String, ProcessHandle> executors() {
        JavaSparkContext spark = JavaSparkContext.fromSparkContext(session().sparkContext());
        return spark
                .parallelize(Collections.nCopies(8, 0), 8)
                .mapToPair(i -> {
                    Thread.sleep(50); // so that every executor gets one
                    return new Tuple2<>(
                            SparkEnv.get().executorId(), ProcessHandle.current().pid());
                })
                .collectAsMap()
                .entrySet()
                .stream()
                .collect(Collectors.toMap(
                        Map.Entry::getKey, e -> ProcessHandle.of(e.getValue()).orElseThrow()));
    }
}
