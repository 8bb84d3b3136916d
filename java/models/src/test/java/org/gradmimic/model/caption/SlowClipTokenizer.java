package org.gradmimic.model.caption;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** CLIP's byte-pair encoding as it was published, step by step, of text that is cleaned already. */
final class SlowClipTokenizer {
    private static final Pattern WORDS = Pattern.compile(
            "<start_of_text>|<end_of_text>|'s|'t|'re|'ve|'m|'ll|'d|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+");

    private final String[] letters = new String[256];
    private final Map<String, Integer> numbers = new HashMap<>();
    private final List<String> merges;

    /** @param merges "a b", the first at the front */
    SlowClipTokenizer(List<String> merges) {
        this.merges = merges;
        List<Integer> order = new ArrayList<>();
        for (int b = '!'; b <= '~'; b++) order.add(b);
        for (int b = '¡'; b <= '¬'; b++) order.add(b);
        for (int b = '®'; b <= 'ÿ'; b++) order.add(b);
        for (int b : order) letters[b] = "" + (char) b;
        int other = 256;
        for (int b = 0; b < 256; b++) {
            if (letters[b] != null) continue;
            letters[b] = "" + (char) other++;
            order.add(b);
        }
        for (int b : order) numbers.put(letters[b], numbers.size());
        for (int b : order) numbers.put(letters[b] + "</w>", numbers.size());
        for (String merge : merges) numbers.put(merge.replace(" ", ""), numbers.size());
        numbers.put("<start_of_text>", numbers.size());
        numbers.put("<end_of_text>", numbers.size());
    }

    long[] tokens(String text, int length) {
        List<Integer> all = new ArrayList<>();
        all.add(numbers.get("<start_of_text>"));
        Matcher words = WORDS.matcher(text);
        while (words.find()) {
            String word = words.group();
            if (word.equals("<start_of_text>") || word.equals("<end_of_text>")) all.add(numbers.get(word));
            else for (String token : merged(word)) all.add(numbers.get(token));
        }
        int end = numbers.get("<end_of_text>");
        all.add(end);
        if (all.size() > length) {
            all = new ArrayList<>(all.subList(0, length));
            all.set(length - 1, end);
        }
        long[] tokens = new long[length];
        for (int i = 0; i < all.size(); i++) tokens[i] = all.get(i);
        return tokens;
    }

    private List<String> merged(String word) {
        List<String> tokens = new ArrayList<>();
        for (byte b : word.getBytes(StandardCharsets.UTF_8)) tokens.add(letters[b & 0xff]);
        tokens.set(tokens.size() - 1, tokens.get(tokens.size() - 1) + "</w>");
        while (true) {
            int best = Integer.MAX_VALUE;
            for (int i = 0; i + 1 < tokens.size(); i++) {
                int rank = merges.indexOf(tokens.get(i) + " " + tokens.get(i + 1));
                if (rank >= 0 && rank < best) best = rank;
            }
            if (best == Integer.MAX_VALUE) return tokens;
            String[] pair = merges.get(best).split(" ");
            List<String> next = new ArrayList<>();
            for (int i = 0; i < tokens.size(); i++) {
                boolean here = i + 1 < tokens.size()
                        && tokens.get(i).equals(pair[0])
                        && tokens.get(i + 1).equals(pair[1]);
                next.add(here ? pair[0] + pair[1] : tokens.get(i));
                if (here) i++;
            }
            tokens = next;
        }
    }
}
