using System.Globalization;

namespace Asyncore.Forwarding;

/// <summary>
/// A configuration file cannot be read, or does not say what a forwarder can do. The message is one line:
/// <c>FILE:LINE:COLUMN: KEY: what is wrong</c>.
/// </summary>
public sealed class ForwardConfigurationException : Exception
{
    internal ForwardConfigurationException(string path, int line, int column, string key, string problem)
        : base(Text(path, line, column, key, problem))
    {
        Path = path;
        Line = line;
        Column = column;
        Key = key;
    }

    // The file itself: there is no place in it to point at.
    internal ForwardConfigurationException(string path, string problem, Exception? cause = null)
        : base($"{path}: {problem}", cause)
    {
        Path = path;
        Key = string.Empty;
    }

    /// <summary>The file, as it was named.</summary>
    public string Path { get; }

    /// <summary>The line of what is wrong, from 1; 0 where the file could not be read.</summary>
    public int Line { get; }

    /// <summary>The character in the line (a Unicode code point), from 1; 0 where the file could not be read.</summary>
    public int Column { get; }

    /// <summary>
    /// The key of what is wrong, such as <c>listeners[0].targets[1].weight</c>; empty where it is the whole file.
    /// </summary>
    public string Key { get; }

    private static string Text(string path, int line, int column, string key, string problem)
    {
        string where = string.Create(CultureInfo.InvariantCulture, $"{path}:{line}:{column}: ");
        return key.Length == 0 ? where + problem : $"{where}{key}: {problem}";
    }
}
