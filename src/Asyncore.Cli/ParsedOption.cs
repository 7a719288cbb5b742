using System.CommandLine;
using System.CommandLine.Parsing;

namespace Asyncore.Cli;

/// <summary>Reads what stands behind an option.</summary>
/// <returns>What is wrong with it; null where nothing is.</returns>
internal delegate string? OptionReader<T>(string text, out T value);

/// <summary>An option whose text is read by a function; what is wrong is said with the option's name.</summary>
internal sealed class ParsedOption<T> : Option<T?>
{
    private readonly OptionReader<T> _read;

    public ParsedOption(string[] names, OptionReader<T> read)
        : base(names[0], names[1..])
    {
        _read = read;
        CustomParser = Parse;
    }

    private T? Parse(ArgumentResult result)
    {
        string text = result.Tokens.Count == 1 ? result.Tokens[0].Value : string.Empty;
        if (_read(text, out T value) is { } problem)
        {
            result.AddError($"{string.Join(", ", [Name, .. Aliases])}: '{text}' {problem}");
            return default;
        }

        return value;
    }
}

/// <summary>An option that may be given several times, each time with one value.</summary>
internal sealed class ListOption<T> : Option<T[]>
{
    private readonly OptionReader<T> _read;

    public ListOption(string[] names, OptionReader<T> read)
        : base(names[0], names[1..])
    {
        _read = read;
        Arity = ArgumentArity.ZeroOrMore;
        DefaultValueFactory = _ => [];
        CustomParser = Parse;
    }

    private T[] Parse(ArgumentResult result)
    {
        var values = new List<T>();
        foreach (Token token in result.Tokens)
        {
            if (_read(token.Value, out T value) is { } problem)
            {
                result.AddError($"{string.Join(", ", [Name, .. Aliases])}: '{token.Value}' {problem}");
            }
            else
            {
                values.Add(value);
            }
        }

        return [.. values];
    }
}
