using System.Text;
using Asyncore.Forwarding;

namespace Asyncore.Tests.Fuzz;

/// <summary>
/// Configuration files: one is read, and then a service can be made of it, or its line is told, and no other exception
/// comes of it.
/// </summary>
internal sealed class ConfigurationTarget() : FuzzTarget("Configuration")
{
    private const string FileName = "f";

    public override int Check(byte[] input, Random random)
    {
        (ServiceOptions? options, ForwardConfigurationException? error) = Read(input);
        if (options is not null)
        {
            Property.Holds(options.Listeners.Count > 0);
            OptionsCheck.Check(options);
        }
        else
        {
            CheckPlace(input, error!);
        }

        // Not always, as errors take their time.
        if (random.Next(4) == 0)
        {
            CheckBehindComment(input, options, error);
        }

        return options is null ? 0 : 1;
    }

    /// <summary>Reads a file.</summary>
    /// <returns>What it says, or else what is wrong with it.</returns>
    public static (ServiceOptions? Options, ForwardConfigurationException? Error) Read(ReadOnlySpan<byte> input)
    {
        try
        {
            return (ForwardConfiguration.Parse(input, FileName), null);
        }
        catch (ForwardConfigurationException error)
        {
            return (null, error);
        }
    }

    private static void CheckPlace(byte[] input, ForwardConfigurationException error)
    {
        string[] lines = Encoding.UTF8.GetString(input).Split('\n');
        Property.Holds(error.Line >= 1 && error.Line <= lines.Length, "a line of the file");
        int characters = lines[error.Line - 1].EnumerateRunes().Count();
        Property.Holds(error.Column >= 1 && error.Column <= characters + 1, "a character of the line");
        Property.Holds(error.Message.StartsWith($"{FileName}:{error.Line}:{error.Column}: ", StringComparison.Ordinal));
        Property.Holds(error.Message.Contains(error.Key, StringComparison.Ordinal));
        Property.Holds(!error.Message.Any(char.IsControl), "one line, that prints");
    }

    // A line before all others, of which nobody takes notice, changes nothing but the number of a line.
    private static void CheckBehindComment(
        byte[] input, ServiceOptions? options, ForwardConfigurationException? error)
    {
        if (input.AsSpan().StartsWith("\uFEFF"u8))
        {
            return; // which would not be a byte order mark any more
        }

        (ServiceOptions? again, ForwardConfigurationException? moved) = Read([.. "// that\n"u8, .. input]);
        Property.Equal(options, again, "behind a comment");
        Property.Equal(
            (error?.Key, error?.Line + 1, error?.Column), (moved?.Key, moved?.Line, moved?.Column), "behind a comment");
    }
}
