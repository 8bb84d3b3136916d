package org.gradmimic.cli;

import java.util.List;
import java.util.stream.Collectors;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * Parses one of several values by the name that its {@code toString} returns. Case does not matter, and a dash is the
 * same as an underscore.
 */
final class Choice<E extends Enum<E>> implements ITypeConverter<E> {
    private final List<E> values;

    Choice(E[] values) {
        this(List.of(values));
    }

    Choice(List<E> values) {
        this.values = values;
    }

    @Override
    public E convert(String text) {
        for (E value : values) {
            if (value.toString().replace('-', '_').equalsIgnoreCase(text.replace('-', '_'))) return value;
        }
        throw new TypeConversionException("'" + text + "' is not one of "
                + values.stream().map(E::toString).collect(Collectors.joining(", ")));
    }
}
