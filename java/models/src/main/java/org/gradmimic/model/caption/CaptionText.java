package org.gradmimic.model.caption;

import java.text.Normalizer;
import java.util.Locale;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jsoup.parser.Parser;

/**
 * Cleans text as open_clip does before tokenization: ftfy's repairs, HTML character references resolved twice, white
 * space collapsed into single spaces, lower case. Three of ftfy's repairs are missing: text that was decoded wrongly
 * (mojibake, C1 control characters), terminal escape sequences, and character references in capitals.
 */
final class CaptionText {
    /**
     * The largest number of rounds that a caption needs. Without the limit, a malicious caption could request as many
     * rounds as it has characters.
     */
    private static final int ROUNDS = 32;

    private static final Pattern REFERENCE = Pattern.compile("&#?[0-9A-Za-z]{1,24};");

    /** Latin ligatures, half-width and full-width forms, and the ideographic space, all replaced by their NFKC form. */
    private static final Pattern FORMS =
            Pattern.compile("[\u0132\u0133\u0149\u01c4-\u01cc\u01f1-\u01f3\ufb00-\ufb04\ufb06\uff01-\uffef\u3000]");

    private static final Pattern SINGLE_QUOTES = Pattern.compile("[\u02bc\u2018-\u201b]");
    private static final Pattern DOUBLE_QUOTES = Pattern.compile("[\u201c-\u201f]");

    /** Control characters other than white space. */
    private static final Pattern CONTROLS =
            Pattern.compile("[\\x00-\\x08\\x0b\\x0e-\\x1f\\x7f\u206a-\u206f\ufeff\ufff9-\ufffc]");

    private static final Pattern LONE_SURROGATE =
            Pattern.compile("[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]");

    private static final Pattern SPACE = Pattern.compile("\\s+", Pattern.UNICODE_CHARACTER_CLASS);

    private CaptionText() {}

    /** The text that is split into tokens; its only white space is single spaces between words. */
    static String cleaned(String caption) {
        String text = unescaped(unescaped(repaired(caption)));
        return SPACE.matcher(text).replaceAll(" ").strip().toLowerCase(Locale.ROOT);
    }

    /** ftfy's fix_text, in its order, until nothing is left to repair. */
    private static String repaired(String caption) {
        String text = caption;
        boolean markup = text.indexOf('<') >= 0;
        for (int round = 0; round < ROUNDS; round++) {
            String before = text;
            if (!markup) text = REFERENCE.matcher(text).replaceAll(CaptionText::character);
            text = text.replace("\ufb05", "\u017ft");
            text = FORMS.matcher(text).replaceAll(CaptionText::plain);
            text = DOUBLE_QUOTES.matcher(text).replaceAll("\"");
            text = SINGLE_QUOTES.matcher(text).replaceAll("'");
            text = Normalizer.normalize(wellFormed(text), Normalizer.Form.NFC);
            if (text.equals(before)) break;
        }
        return text;
    }

    private static String plain(MatchResult form) {
        return Matcher.quoteReplacement(Normalizer.normalize(form.group(), Normalizer.Form.NFKC));
    }

    /** The character for a reference that ends with a semicolon; {@link #unescaped} handles the others. */
    private static String character(MatchResult reference) {
        String character = Parser.unescapeEntities(reference.group(), false);
        boolean whole = !character.endsWith(";") || character.length() == 1;
        return Matcher.quoteReplacement(whole ? character : reference.group());
    }

    /**
     * Resolves HTML references, including the old ones without a semicolon. References to numbers that are not
     * characters are removed.
     */
    private static String unescaped(String text) {
        return text.indexOf('&') < 0 ? text : wellFormed(Parser.unescapeEntities(text, false));
    }

    private static String wellFormed(String text) {
        return CONTROLS.matcher(LONE_SURROGATE.matcher(text).replaceAll("\ufffd"))
                .replaceAll("");
    }
}
