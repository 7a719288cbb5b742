using System.Globalization;
using System.Text.Json;

namespace Asyncore.Forwarding;

/// <summary>A value of a configuration file, and where it stands.</summary>
internal sealed class ConfigurationValue(ConfigurationText file, ConfigurationValue? parent)
{
    private readonly List<ConfigurationValue> _children = [];

    /// <summary>The object or list that it is in; null for the outermost.</summary>
    public ConfigurationValue? Parent => parent;

    /// <summary>The kind of its first token.</summary>
    public required JsonTokenType Kind { get; init; }

    /// <summary>Where it begins.</summary>
    public required int Offset { get; init; }

    /// <summary>A text without its quotes and escapes; numbers and the like as they are written.</summary>
    public required string Text { get; init; }

    /// <summary>Its key in an object; null in a list.</summary>
    public string? Name { get; init; }

    /// <summary>Where that key begins.</summary>
    public int NameOffset { get; init; }

    /// <summary>Its place in a list.</summary>
    public int Index { get; init; }

    /// <summary>The members of an object, the items of a list.</summary>
    public IReadOnlyList<ConfigurationValue> Children => _children;

    /// <summary>In how many objects and lists it is.</summary>
    public int Depth { get; } = parent is null ? 0 : parent.Depth + 1;

    public bool IsObject => Kind == JsonTokenType.StartObject;

    public bool IsList => Kind == JsonTokenType.StartArray;

    public bool IsText => Kind == JsonTokenType.String;

    public bool IsNumber => Kind == JsonTokenType.Number;

    /// <summary>The way to it: <c>listeners[0].listen</c>.</summary>
    public string Key
    {
        get
        {
            string before = parent?.Key ?? string.Empty;
            return parent is null ? string.Empty
                : Name is null ? string.Create(CultureInfo.InvariantCulture, $"{before}[{Index}]")
                : before.Length == 0 ? Shown.Plain(Name)
                : $"{before}.{Shown.Plain(Name)}";
        }
    }

    /// <summary>What it is, in a message.</summary>
    public string Shape => Kind switch
    {
        JsonTokenType.StartObject => "an object",
        JsonTokenType.StartArray => "a list",
        JsonTokenType.String => Shown.Quoted(Text),
        _ => Shown.Plain(Text),
    };

    public void Add(ConfigurationValue child) => _children.Add(child);

    /// <summary>The member of that key; null where there is none.</summary>
    public ConfigurationValue? Find(string name) => _children.Find(child => child.Name == name);

    /// <summary>Something is wrong with it.</summary>
    public ForwardConfigurationException Error(string problem) => file.Error(Offset, Key, problem);

    /// <summary>Something is wrong with its key.</summary>
    public ForwardConfigurationException NameError(string problem) => file.Error(NameOffset, Key, problem);

    /// <summary>The line of its key.</summary>
    public int NameLine => file.LineOf(NameOffset);
}
