package org.gradmimic.architecture;

import com.sun.source.util.JavacTask;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import javax.lang.model.element.Element;
import javax.lang.model.element.ExecutableElement;
import javax.lang.model.element.Modifier;
import javax.lang.model.element.Name;
import javax.lang.model.element.PackageElement;
import javax.lang.model.element.TypeElement;
import javax.lang.model.util.ElementFilter;
import javax.lang.model.util.Elements;
import javax.tools.Diagnostic;
import javax.tools.DiagnosticCollector;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;

/**
 * What is wrong with the Javadoc of an API: what doclint reports of public and protected members, and every public or
 * protected type or method without a comment. Constructors, constants, overriding methods and the parts of a record need
 * none: the type's comment tells of them.
 */
final class ApiDocs {
    private final Elements elements;
    private final List<String> problems = new ArrayList<>();

    private ApiDocs(Elements elements) {
        this.elements = elements;
    }

    /** {@return the problems of these sources, of packages that are not internal, each as "file:line: message" or "name: message"} */
    static List<String> problems(List<Path> sources) throws IOException {
        JavaCompiler javac = ToolProvider.getSystemJavaCompiler();
        DiagnosticCollector<JavaFileObject> diagnostics = new DiagnosticCollector<>();
        List<String> options = List.of(
                "-proc:none",
                "-Xdoclint:accessibility/protected,html/protected,reference/protected,syntax/protected",
                // Else elements are not given once a comment has an error.
                "-XDshould-stop.ifError=FLOW",
                "-Xmaxwarns",
                "1000",
                "-cp",
                System.getProperty("java.class.path"));
        try (StandardJavaFileManager files = javac.getStandardFileManager(diagnostics, Locale.ROOT, null)) {
            JavacTask task = (JavacTask)
                    javac.getTask(null, files, diagnostics, options, null, files.getJavaFileObjectsFromPaths(sources));
            ApiDocs docs = new ApiDocs(task.getElements());
            for (Element element : task.analyze()) {
                if (element instanceof TypeElement type) docs.type(type);
            }
            for (Diagnostic<? extends JavaFileObject> diagnostic : diagnostics.getDiagnostics()) {
                if (diagnostic.getKind() == Diagnostic.Kind.NOTE || diagnostic.getSource() == null) continue;
                docs.problems.add(Path.of(diagnostic.getSource().toUri()) + ":" + diagnostic.getLineNumber() + ": "
                        + diagnostic.getMessage(Locale.ROOT));
            }
            return docs.problems;
        }
    }

    private void type(TypeElement type) {
        if (!shown(type) || isInternal(elements.getPackageOf(type))) return;
        need(type);
        for (ExecutableElement method : ElementFilter.methodsIn(type.getEnclosedElements())) {
            if (shown(method) && !isKnown(method, type)) need(method);
        }
        for (TypeElement inner : ElementFilter.typesIn(type.getEnclosedElements())) {
            type(inner);
        }
    }

    private void need(Element element) {
        if (elements.getDocComment(element) == null) {
            String owner = element instanceof TypeElement ? "" : element.getEnclosingElement() + ".";
            problems.add(owner + element + ": no Javadoc comment");
        }
    }

    private static boolean shown(Element element) {
        Set<Modifier> modifiers = element.getModifiers();
        return modifiers.contains(Modifier.PUBLIC) || modifiers.contains(Modifier.PROTECTED);
    }

    private static boolean isInternal(PackageElement owner) {
        return (owner.getQualifiedName() + ".").contains(".internal.");
    }

    /** What overrides, or what every enum and every record has. */
    private static boolean isKnown(ExecutableElement method, TypeElement type) {
        if (method.getAnnotation(Override.class) != null) return true;
        Name name = method.getSimpleName();
        return switch (type.getKind()) {
            case ENUM -> name.contentEquals("values") || name.contentEquals("valueOf");
            case RECORD ->
                name.contentEquals("toString")
                        || name.contentEquals("hashCode")
                        || name.contentEquals("equals")
                        || method.getParameters().isEmpty()
                                && type.getRecordComponents().stream()
                                        .anyMatch(part -> part.getSimpleName().equals(name));
            default -> false;
        };
    }
}
