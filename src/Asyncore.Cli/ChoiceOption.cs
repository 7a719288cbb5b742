using System.CommandLine;
using Asyncore.Forwarding;

namespace Asyncore.Cli;

/// <summary>An option that is one of a few words; null where it is not given.</summary>
internal static class ChoiceOption
{
    public static ParsedOption<T?> Create<T>(string name, string description, params (string Name, T Value)[] choices)
        where T : struct =>
        new([name], OptionReading.OrNone((string text, out T value) => ValueText.ReadOneOf(text, choices, out value)))
        {
            Description = description,
            HelpName = string.Join('|', choices.Select(each => each.Name)),
        };
}
