using System.CommandLine;
using System.CommandLine.Parsing;

namespace Asyncore.Cli;

/// <summary>Reads what stands behind an option.</summary>
/// <returns>What is wrong, in words that follow the option's name and a colon; null where nothing is.</returns>
internal delegate string? OptionReader<T>(string text, out T value);

/// <summary>An option whose text is read by a function; what is wrong is said with the option's name.</summary>
internal sealed class ParsedOption<T> : Option<T?>
{
    public ParsedOption(string[] names, OptionReader<T> read)
        : base(names[0], names[1..]) =>
        CustomParser = result => result.Tokens is [var token] ? this.Read(result, token, read) : default;
}

/// <summary>An option that may be given several times, each time with one value.</summary>
internal sealed class ListOption<T> : Option<T[]>
{
    public ListOption(string[] names, OptionReader<T> read)
        : base(names[0], names[1..])
    {
        Arity = ArgumentArity.ZeroOrMore;
        DefaultValueFactory = _ => [];
        CustomParser = result => [.. result.Tokens.Select(token => this.Read(result, token, read)!)];
    }
}

/// <summary>What options that are read by functions have in common.</summary>
internal static class OptionReading
{
    /// <summary>
    /// A reader whose value is null where the option is not given, from one whose words follow the text itself.
    /// </summary>
    public static OptionReader<T?> OrNone<T>(OptionReader<T> read)
        where T : struct => (string text, out T? value) =>
        {
            string? problem = read(text, out T given);
            value = given;
            return problem is null ? null : $"'{text}' {problem}";
        };

    /// <summary>Reads one; where it is wrong, the line is, and the value does not count.</summary>
    public static T? Read<T>(this Option option, ArgumentResult result, Token token, OptionReader<T> read)
    {
        if (read(token.Value, out T value) is not { } problem)
        {
            return value;
        }

        result.AddError($"{string.Join(", ", [option.Name, .. option.Aliases])}: {problem}");
        return default;
    }
}
