using System.Collections;

namespace Asyncore.Protocols;

/// <summary>
/// The header (or trailer) fields of a response, in the order in which they came. Names
/// are compared without regard to case; fields that came more than once are all kept
/// (RFC 9110, section 5).
/// </summary>
/// <remarks>
/// Values are Latin-1, without the white space around them; a value that was folded over
/// several lines is one line here (RFC 9112, section 5.2). The collection does not change
/// once a consumer has seen it, so that any thread may read it.
/// </remarks>
public sealed class HttpHeaderCollection : IReadOnlyCollection<KeyValuePair<string, string>>
{
    // A header has a dozen fields: looking through a list beats building a dictionary.
    private readonly List<KeyValuePair<string, string>> _fields = [];

    internal HttpHeaderCollection()
    {
    }

    /// <summary>No fields; nobody adds to it.</summary>
    internal static HttpHeaderCollection None { get; } = new();

    /// <summary>The number of fields, each repetition counted.</summary>
    public int Count => _fields.Count;

    /// <summary>
    /// The value of a field, or null where there is none. The values of a field that came
    /// more than once are joined by <c>", "</c> (RFC 9110, section 5.3), except those of
    /// Set-Cookie, which cannot be joined: there it is the first, and
    /// <see cref="GetValues"/> has the others.
    /// </summary>
    /// <param name="name">The field's name, in any case.</param>
    /// <exception cref="ArgumentNullException"><paramref name="name"/> is null.</exception>
    public string? this[string name]
    {
        get
        {
            ArgumentNullException.ThrowIfNull(name);
            string? value = null;
            foreach (KeyValuePair<string, string> field in _fields)
            {
                if (!IsNamed(field, name))
                {
                    continue;
                }

                if (value is null)
                {
                    value = field.Value;
                    continue;
                }

                if (name.Equals("Set-Cookie", StringComparison.OrdinalIgnoreCase))
                {
                    return value;
                }

                return string.Join(", ", GetValues(name));
            }

            return value;
        }
    }

    /// <summary>Whether there is a field of this name.</summary>
    /// <param name="name">The field's name, in any case.</param>
    /// <returns>True if there is at least one.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="name"/> is null.</exception>
    public bool Contains(string name)
    {
        return this[name] is not null;
    }

    /// <summary>All values of a field, in the order in which they came.</summary>
    /// <param name="name">The field's name, in any case.</param>
    /// <returns>One string for each field line; none where there is no such field.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="name"/> is null.</exception>
    public IReadOnlyList<string> GetValues(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        var values = new List<string>();
        foreach (KeyValuePair<string, string> field in _fields)
        {
            if (IsNamed(field, name))
            {
                values.Add(field.Value);
            }
        }

        return values;
    }

    /// <summary>Goes through the fields in the order in which they came.</summary>
    /// <returns>Names, in the case in which they came, and values.</returns>
    public IEnumerator<KeyValuePair<string, string>> GetEnumerator()
    {
        return _fields.GetEnumerator();
    }

    IEnumerator IEnumerable.GetEnumerator()
    {
        return GetEnumerator();
    }

    internal void Add(string name, string value)
    {
        _fields.Add(KeyValuePair.Create(name, value));
    }

    private static bool IsNamed(KeyValuePair<string, string> field, string name)
    {
        return field.Key.Equals(name, StringComparison.OrdinalIgnoreCase);
    }
}
