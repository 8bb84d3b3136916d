package org.gradmimic.model.caption;

import java.text.Normalizer;
import java.util.Locale;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jsoup.parser.Parser;

/**
 * Text as open_clip cleans it before it looks for tokens: what ftfy repairs, character references of HTML resolved twice,
 * white space made one space, lower case. Of ftfy's repairs the ones for text that was decoded wrongly (mojibake, C1
 * control characters), terminals' escape sequences and character references in capitals are not made.
 */
final class CaptionText {
    /** As many rounds as a caption may need; a hostile one could ask for as many as it has characters. */
    private static final int ROUNDS = 32;

    private static final Pattern REFERENCE = Pattern.compile("&#?[0-9A-Za-z]{1,24};");

    /** Latin ligatures, half and full widths, and the ideographic space; what NFKC says of them is meant. */
    private static final Pattern FORMS =
            Pattern.compile("[\u0132\u0133\u0149\u01c4-\u01cc\u01f1-\u01f3\ufb00-\ufb04\ufb06\uff01-\uffef\u3000]");

    private static final Pattern SINGLE_QUOTES = Pattern.compile("[\u02bc\u2018-\u201b]");
    private static final Pattern DOUBLE_QUOTES = Pattern.compile("[\u201c-\u201f]");

    /** Without those that are white space. */
    private static final Pattern CONTROLS =
            Pattern.compile("[\\x00-\\x08\\x0b\\x0e-\\x1f\\x7f\u206a-\u206f\ufeff\ufff9-\ufffc]");

    private static final Pattern LONE_SURROGATE =
            Pattern.compile("[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]");

    private static final Pattern SPACE = Pattern.compile("\\s+", Pattern.UNICODE_CHARACTER_CLASS);

    private CaptionText() {}

    /** The text that tokens are looked for in: no white space but single spaces between words. */
    static String cleaned(String caption) {
        String text = unescaped(unescaped(repaired(caption)));
        return SPACE.matcher(text).replaceAll(" ").strip().toLowerCase(Locale.ROOT);
    }

    /** ftfy's fix_text, in its order, until there is nothing left to repair. */
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

    /** What a reference that ends with its semicolon stands for; others stay for {@link #unescaped}. */
    private static String character(MatchResult reference) {
        String character = Parser.unescapeEntities(reference.group(), false);
        boolean whole = !character.endsWith(";") || character.length() == 1;
        return Matcher.quoteReplacement(whole ? character : reference.group());
    }

    /** HTML's references, those of old without semicolon among them; numbers that are no characters go. */
    private static String unescaped(String text) {
        return text.indexOf('&') < 0 ? text : wellFormed(Parser.unescapeEntities(text, false));
    }

    private static String wellFormed(String text) {
        return CONTROLS.matcher(LONE_SURROGATE.matcher(text).replaceAll("\ufffd"))
                .replaceAll("");
    }
}
