namespace Asyncore.Forwarding;

/// <summary>
/// The configuration file of a forwarder: JSON in UTF-8, with comments (<c>//</c> and <c>/* */</c>, but not between a
/// key and its colon) and trailing commas. <see cref="Schema"/> tells editors, and whoever reads it, what may stand
/// there.
/// </summary>
public static class ForwardConfiguration
{
    private const string SchemaName = "forwarder.schema.json";
    private const int LargestFile = 1 << 20;

    /// <summary>The schema of the file (JSON Schema, draft 2020-12).</summary>
    public static string Schema
    {
        get
        {
            using Stream stream = typeof(ForwardConfiguration).Assembly.GetManifestResourceStream(SchemaName)
                ?? throw new InvalidOperationException($"The resource {SchemaName} is missing.");
            using var reader = new StreamReader(stream);
            return reader.ReadToEnd();
        }
    }

    /// <summary>Reads a file of at most 1 MiB; the caller waits for the disk meanwhile.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="ForwardConfigurationException">It cannot be read, or something in it is wrong.</exception>
    /// <exception cref="ArgumentException">The path is empty.</exception>
    public static ServiceOptions Load(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return Parse(ReadFile(path), path);
    }

    /// <summary>Reads the content of a file.</summary>
    /// <param name="json">The content, with or without a byte order mark.</param>
    /// <param name="path">What messages call the file.</param>
    /// <exception cref="ForwardConfigurationException">Something in it is wrong; the first of it is told.</exception>
    public static ServiceOptions Parse(ReadOnlySpan<byte> json, string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        ConfigurationValue root = ConfigurationTree.Read(new ConfigurationText(path, json));
        return ConfigurationKeys.ReadService(root);
    }

    private static ReadOnlySpan<byte> ReadFile(string path)
    {
        if (Directory.Exists(path))
        {
            throw new ForwardConfigurationException(path, "a directory cannot be read as a configuration file");
        }

        try
        {
            // Its length is not asked for: a pipe has none.
            using var file = new FileStream(
                path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
            byte[] bytes = new byte[LargestFile + 1];
            int count = file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            return count <= LargestFile
                ? bytes.AsSpan(0, count)
                : throw new ForwardConfigurationException(path, "the file is larger than 1 MiB");
        }
        catch (Exception error) when (
            error is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new ForwardConfigurationException(path, Problem(error), error);
        }
    }

    private static string Problem(Exception error) => error switch
    {
        FileNotFoundException or DirectoryNotFoundException => "there is no such file",
        UnauthorizedAccessException => "the file cannot be read: no permission",
        _ => $"the file cannot be read: {error.Message}",
    };
}
