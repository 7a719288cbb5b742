namespace Asyncore.Forwarding;

/// <summary>One key of an object: how its value goes into the options.</summary>
/// <typeparam name="T">The options.</typeparam>
/// <param name="Name">The key.</param>
/// <param name="Read">Gives the options with the value in them.</param>
/// <param name="IsRequired">Whether the object is nothing without it.</param>
internal sealed record ConfigurationKey<T>(string Name, Func<T, ConfigurationValue, T> Read, bool IsRequired = false);

/// <summary>The keys that an object of the file may have.</summary>
/// <typeparam name="T">The options that it is read into.</typeparam>
/// <param name="what">What messages call such an object.</param>
/// <param name="keys">The keys.</param>
internal sealed class KeyTable<T>(string what, params ConfigurationKey<T>[] keys)
{
    public IEnumerable<string> Names => keys.Select(key => key.Name);

    public IEnumerable<string> Required => keys.Where(key => key.IsRequired).Select(key => key.Name);

    /// <summary>Reads an object.</summary>
    /// <param name="value">The object.</param>
    /// <param name="options">What holds for keys that are not there.</param>
    /// <exception cref="ForwardConfigurationException">It is no object, or a key or a value is wrong.</exception>
    public T Read(ConfigurationValue value, T options)
    {
        if (!value.IsObject)
        {
            throw value.Error($"{value.Shape} is not {what}");
        }

        var seen = new Dictionary<string, ConfigurationValue>();
        foreach (ConfigurationValue member in value.Children)
        {
            string name = member.Name ?? string.Empty;
            ConfigurationKey<T> key = Array.Find(keys, each => each.Name == name)
                ?? throw member.NameError(Unknown(name));
            if (!seen.TryAdd(name, member))
            {
                throw member.NameError($"the key is in line {seen[name].NameLine} already");
            }

            options = key.Read(options, member);
        }

        string? missing = Required.FirstOrDefault(name => !seen.ContainsKey(name));
        return missing is null ? options : throw value.Error($"'{missing}' is missing");
    }

    private string Unknown(string name)
    {
        string? nearest = Spelling.Nearest(name, Names);
        string hint = nearest is null ? string.Empty : $"; did you mean '{nearest}'?";
        return $"unknown key {Shown.Quoted(name)}{hint}";
    }
}
