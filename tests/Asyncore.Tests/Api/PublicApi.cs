using System.Reflection;
using System.Text;

namespace Asyncore.Tests.Api;

/// <summary>An assembly's public face as text, one member a line, in an order that does not change by itself.</summary>
public static class PublicApi
{
    private const BindingFlags Declared = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance
        | BindingFlags.Static | BindingFlags.DeclaredOnly;

    public static string Describe(Assembly assembly)
    {
        var text = new StringBuilder();
        foreach (Type type in assembly.GetExportedTypes().OrderBy(type => type.FullName, StringComparer.Ordinal))
        {
            text.Append(Header(type)).Append('\n');
            foreach (string member in Members(type).Order(StringComparer.Ordinal))
            {
                text.Append("    ").Append(member).Append('\n');
            }

            text.Append('\n');
        }

        return text.ToString();
    }

    private static string Header(Type type)
    {
        string kind = type.IsEnum ? "enum" : type.IsInterface ? "interface" : type.IsValueType ? "struct"
            : type is { IsAbstract: true, IsSealed: true } ? "static class"
            : type.IsAbstract ? "abstract class" : type.IsSealed ? "sealed class" : "class";
        IEnumerable<Type> inherited = type.BaseType is { } parent && parent != typeof(object) && !type.IsValueType
            ? [parent, .. OwnInterfaces(type)]
            : OwnInterfaces(type);
        string bases = string.Join(", ", inherited.Select(Name));
        return $"{kind} {type.Namespace}.{Name(type)}{(bases.Length > 0 && !type.IsEnum ? " : " + bases : string.Empty)}";
    }

    private static IEnumerable<Type> OwnInterfaces(Type type) => type.GetInterfaces()
        .Except(type.BaseType?.GetInterfaces() ?? [])
        .OrderBy(each => each.FullName, StringComparer.Ordinal);

    private static IEnumerable<string> Members(Type type)
    {
        if (type.IsEnum)
        {
            return Enum.GetNames(type).Select(name => $"{name} = {Convert.ToInt64(Enum.Parse(type, name))}");
        }

        return type.GetConstructors(Declared).Where(IsVisible).Select(each => $"{Access(each)} new({Parameters(each)})")
            .Concat(type.GetMethods(Declared).Where(each => IsVisible(each) && !each.IsSpecialName).Select(Method))
            .Concat(type.GetProperties(Declared).Where(each => each.GetAccessors(true).Any(IsVisible)).Select(Property))
            .Concat(type.GetEvents(Declared).Where(each => IsVisible(each.AddMethod!))
                .Select(each => $"{Access(each.AddMethod!)} event {Name(each.EventHandlerType!)} {each.Name}"))
            .Concat(type.GetFields(Declared).Where(each => each.IsPublic || each.IsFamily || each.IsFamilyOrAssembly)
                .Select(each => $"{(each.IsLiteral ? "const" : "field")} {Name(each.FieldType)} {each.Name}"));
    }

    private static bool IsVisible(MethodBase method) =>
        method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly;

    private static string Access(MethodBase method)
    {
        string access = method.IsPublic ? "public" : method.IsFamily ? "protected" : "protected internal";
        string scope = method.IsStatic ? " static"
            : !method.IsVirtual || method.IsFinal || method.DeclaringType!.IsInterface ? string.Empty
            : method.IsAbstract ? " abstract"
            : method is MethodInfo info && info.GetBaseDefinition() != info ? " override" : " virtual";
        return access + scope;
    }

    private static string Method(MethodInfo method) =>
        $"{Access(method)} {Name(method.ReturnType)} {method.Name}({Parameters(method)})";

    private static string Property(PropertyInfo property)
    {
        IEnumerable<string> accessors = property.GetAccessors(true).Where(IsVisible).Select(each =>
            (each == property.GetMethod ? "get" : IsInit(each) ? "init" : "set") + ";");
        MethodInfo first = property.GetAccessors(true).First(IsVisible);
        string index = property.GetIndexParameters().Length > 0 ? $"[{Parameters(first)}]" : string.Empty;
        return $"{Access(first)} {Name(property.PropertyType)} {property.Name}{index} {{ {string.Join(' ', accessors)} }}";
    }

    private static bool IsInit(MethodInfo setter) => setter.ReturnParameter.GetRequiredCustomModifiers()
        .Contains(typeof(System.Runtime.CompilerServices.IsExternalInit));

    private static string Parameters(MethodBase method) =>
        string.Join(", ", method.GetParameters().Where(each => each.Member is not PropertyInfo).Select(each =>
            $"{Name(each.ParameterType)} {each.Name}{Default(each)}"));

    private static string Default(ParameterInfo parameter) => !parameter.HasDefaultValue ? string.Empty
        : $" = {parameter.DefaultValue switch { null => "null", string text => $"\"{text}\"", { } value => value }}";

    private static string Name(Type type)
    {
        if (Nullable.GetUnderlyingType(type) is { } underlying)
        {
            return Name(underlying) + "?";
        }

        if (type.IsArray)
        {
            return Name(type.GetElementType()!) + "[]";
        }

        return type.IsGenericType
            ? $"{type.Name.Split('`')[0]}<{string.Join(", ", type.GetGenericArguments().Select(Name))}>"
            : type.Name;
    }
}
