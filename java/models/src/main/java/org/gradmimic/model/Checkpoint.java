package org.gradmimic.model;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.gradmimic.base.InvalidArgumentException;
import org.jspecify.annotations.Nullable;

/**
 * The state dict of a checkpoint. Training programs save it beside other values, under names of their own, and they put
 * prefixes before the names of its tensors.
 *
 * @param tensors by name, without prefixes
 * @param notes what was read and what was left out, a sentence each; empty for a plain state dict
 */
record Checkpoint(Map<String, StoredTensor> tensors, List<String> notes) {
    /** Where state dicts are found. Of several, the first is read: averaged weights come before those of the last step. */
    static final List<String> WRAPPERS = List.of(
            "state_dict_ema",
            "model_ema",
            "state_dict",
            "model_state_dict",
            "model",
            "module",
            "net",
            "network",
            "teacher",
            "student");

    /** Prefixes that data-parallel training, torch.compile, Lightning and others put before every name. */
    private static final Set<String> PREFIXES =
            Set.of("module", "_orig_mod", "model", "net", "network", "backbone", "teacher", "student");

    /** A counter that torch.optim.swa_utils keeps beside the tensors of {@code module}. */
    private static final String AVERAGED = "n_averaged";

    /** Dictionaries in dictionaries: more are not looked into, because a pickle may contain itself. */
    private static final int DEEPEST = 4;

    /** Modules in modules, at most; a pickle may contain itself. */
    private static final int DEEPEST_MODULE = 64;

    /** Attributes of all modules, at most, each counted as often as it is reached. */
    private static final int MOST_ATTRIBUTES = 1 << 20;

    private static final int LISTED = 5;
    private static final int NAME = 100;

    /**
     * The state dict in a dictionary.
     *
     * @return null if there is none
     */
    static @Nullable Checkpoint find(Map<?, ?> dictionary) {
        List<String> path = new ArrayList<>();
        Map<?, ?> found = find(dictionary, path);
        if (found == null) return null;
        List<String> notes = new ArrayList<>();
        if (!path.isEmpty()) notes.add("read its entry " + String.join(".", path));
        Map<String, StoredTensor> tensors = new LinkedHashMap<>();
        List<String> others = new ArrayList<>();
        found.forEach((name, value) -> {
            if (name instanceof String text && value instanceof StoredTensor tensor) tensors.put(text, tensor);
            else others.add(Weights.shortened(String.valueOf(name), NAME));
        });
        if (!others.isEmpty()) {
            notes.add("skipped " + others.size() + (others.size() == 1 ? " entry that is" : " entries that are")
                    + " not a tensor: " + others.stream().limit(LISTED).collect(Collectors.joining(", "))
                    + (others.size() > LISTED ? ", …" : ""));
        }
        return new Checkpoint(tensors, notes);
    }

    /**
     * The tensors in a module of a TorchScript archive and in the modules inside it, under the names of a state dict.
     * Other attributes are left out.
     *
     * @throws InvalidArgumentException if there are none, or modules contain each other
     */
    static Checkpoint of(PickleReader.Module root) {
        Map<String, StoredTensor> tensors = new LinkedHashMap<>();
        collect(root, "", 0, tensors, new int[1]);
        if (tensors.isEmpty()) throw new InvalidArgumentException("is a TorchScript archive without any tensor");
        return new Checkpoint(tensors, List.of("is a TorchScript archive: read its tensors, did not run its program"));
    }

    private static void collect(
            PickleReader.Module module, String prefix, int depth, Map<String, StoredTensor> tensors, int[] visited) {
        if (depth > DEEPEST_MODULE || visited[0] > MOST_ATTRIBUTES) {
            throw new InvalidArgumentException("its TorchScript modules contain each other");
        }
        module.state().forEach((key, value) -> {
            visited[0]++;
            if (value instanceof StoredTensor tensor) tensors.put(prefix + key, tensor);
            if (value instanceof PickleReader.Module inner) {
                collect(inner, prefix + key + ".", depth + 1, tensors, visited);
            }
        });
    }

    private static @Nullable Map<?, ?> find(Map<?, ?> dictionary, List<String> path) {
        if (path.size() < DEEPEST) {
            for (String wrapper : WRAPPERS) {
                if (!(dictionary.get(wrapper) instanceof Map<?, ?> inner)) continue;
                path.add(wrapper);
                Map<?, ?> found = find(inner, path);
                if (found != null) return found;
                path.remove(path.size() - 1);
            }
        }
        boolean state = dictionary.entrySet().stream()
                .anyMatch(entry -> entry.getKey() instanceof String && entry.getValue() instanceof StoredTensor);
        return state ? dictionary : null;
    }

    /** Removes the prefixes that all names have in common. */
    Checkpoint withoutPrefixes() {
        Map<String, StoredTensor> plain = new LinkedHashMap<>(tensors);
        StringBuilder removed = new StringBuilder();
        for (String prefix = shared(plain.keySet()); prefix != null; prefix = shared(plain.keySet())) {
            Map<String, StoredTensor> shorter = new LinkedHashMap<>();
            int length = prefix.length();
            plain.forEach((name, tensor) -> {
                if (!name.equals(AVERAGED)) shorter.put(name.substring(length), tensor);
            });
            plain = shorter;
            removed.append(prefix);
        }
        if (removed.length() == 0) return this;
        List<String> all = new ArrayList<>(notes);
        all.add("removed the prefix " + removed + " from every name");
        return new Checkpoint(plain, all);
    }

    private static @Nullable String shared(Set<String> names) {
        String prefix = null;
        for (String name : names) {
            if (name.equals(AVERAGED)) continue;
            if (prefix == null) {
                String first = name.substring(0, Math.max(0, name.indexOf('.')));
                if (!PREFIXES.contains(first)) return null;
                prefix = first + ".";
            }
            if (!name.startsWith(prefix) || name.length() == prefix.length()) return null;
        }
        return prefix;
    }
}
