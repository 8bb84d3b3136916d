package org.gradmimic.reshard;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.gradmimic.base.InputException;
import org.gradmimic.io.AtomicFile;
import org.gradmimic.io.PassedOver;

/**
 * The files of a shard: the tar, and the files of the same name beside it.
 *
 * @param tar ends in {@code .tar}, {@code .tar.gz} or {@code .tgz}
 */
public record Shard(Path tar) {
    private static final List<String> ENDINGS = List.of(".tar", ".tar.gz", ".tgz");

    /**
     * Finds shards.
     *
     * @param path a shard, or a folder of shards
     * @return the shards, sorted by name
     * @throws InputException if there is none, or two would write the same statistics
     */
    public static List<Shard> list(Path path) {
        if (!Files.exists(path)) {
            throw InputException.in(path, "no such file or folder");
        }
        if (!Files.isDirectory(path)) {
            requireShard(path);
            return List.of(new Shard(path));
        }
        try (Stream<Path> content = Files.list(path)) {
            List<Shard> shards =
                    content.filter(Shard::isShard).sorted().map(Shard::new).toList();
            if (shards.isEmpty()) {
                throw InputException.in(path, "no shard in this folder (.tar, .tar.gz or .tgz)");
            }
            Map<String, Shard> stems = new HashMap<>();
            for (Shard shard : shards) {
                Shard other = stems.putIfAbsent(shard.stem(), shard);
                if (other != null) {
                    throw new InputException(other.tar + " and " + shard.tar + " are shards of the same name");
                }
            }
            return shards;
        } catch (IOException e) {
            throw InputException.in(path, "cannot be read: " + AtomicFile.reason(e), e);
        }
    }

    /** The files of a folder that are neither shards nor files beside one of its shards. */
    static PassedOver passedOver(Path path, List<Shard> shards) {
        PassedOver others = new PassedOver();
        if (!Files.isDirectory(path)) return others;
        Set<Path> known = new HashSet<>();
        for (Shard shard : shards) known.addAll(List.of(shard.tar(), shard.metadata(), shard.stats()));
        try (Stream<Path> content = Files.list(path)) {
            content.sorted()
                    .filter(file -> Files.isRegularFile(file) && !known.contains(file))
                    .filter(file -> !file.getFileName().toString().startsWith("."))
                    .forEach(others::add);
            return others;
        } catch (IOException e) {
            throw InputException.in(path, "cannot be read: " + AtomicFile.reason(e), e);
        }
    }

    /**
     * Finds shards.
     *
     * @param where a shard, a folder of shards, or a name with ranges and alternatives in braces, as in {@code
     *     shards/{00000..01287}.tar}
     * @return a folder's shards sorted by name; those of a name with braces in its order
     * @throws InputException if there is none, or one of the names is missing or given twice
     */
    public static List<Shard> find(String where) {
        Path path = Path.of(where);
        if (where.indexOf('{') < 0 || Files.exists(path)) {
            return list(path);
        }
        List<Shard> shards = new ArrayList<>();
        Set<Path> names = new HashSet<>();
        for (String name : Braces.expand(where)) {
            Path tar = Path.of(name);
            requireShard(tar);
            if (!Files.isRegularFile(tar)) {
                throw InputException.in(tar, "no such file, one of " + where);
            }
            if (!names.add(tar.normalize())) {
                throw new InputException(where + " names " + tar + " twice");
            }
            shards.add(new Shard(tar));
        }
        return shards;
    }

    private static void requireShard(Path path) {
        if (!isShard(path)) {
            throw InputException.in(path, "expected a shard's name to end in .tar, .tar.gz or .tgz");
        }
    }

    static boolean isGzipped(Path path) {
        return !path.toString().endsWith(".tar");
    }

    /** The path of the shard in another folder. */
    Shard in(Path folder) {
        return new Shard(folder.resolve(tar.getFileName()));
    }

    /** Where img2dataset stores the metadata of the samples. */
    Path metadata() {
        return tar.resolveSibling(stem() + ".parquet");
    }

    /** Where DataComp's tools look for the number of samples. */
    Path stats() {
        return tar.resolveSibling(stem() + "_stats.json");
    }

    private String stem() {
        String name = tar.getFileName().toString();
        String ending = ENDINGS.stream().filter(name::endsWith).findFirst().orElseThrow();
        return name.substring(0, name.length() - ending.length());
    }

    private static boolean isShard(Path path) {
        String name = path.getFileName().toString();
        return !name.startsWith(".") && ENDINGS.stream().anyMatch(name::endsWith);
    }
}
