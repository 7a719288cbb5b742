using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace Asyncore.Cli;

/// <summary>An option that is a whole number within bounds.</summary>
internal sealed class NumberOption : Option<int>
{
    private readonly int _least;
    private readonly int _most;
    private readonly string _what;
    private readonly Func<int, string?>? _refuse;

    /// <param name="names">The option's name, and its short form where it has one.</param>
    /// <param name="least">The smallest number that will do.</param>
    /// <param name="most">The largest.</param>
    /// <param name="what">What it is, for the message where it will not do: <c>a port from 1 to 65535</c>.</param>
    /// <param name="refuse">Why a number within the bounds will not do either, or null where it will.</param>
    public NumberOption(string[] names, int least, int most, string what, Func<int, string?>? refuse = null)
        : base(names[0], names[1..])
    {
        (_least, _most, _what, _refuse) = (least, most, what, refuse);
        CustomParser = Parse;
    }

    private int Parse(ArgumentResult result)
    {
        string text = result.Tokens.Count == 1 ? result.Tokens[0].Value : string.Empty;
        bool fits = int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int number)
            && number >= _least && number <= _most;
        string? problem = fits ? _refuse?.Invoke(number) : $"'{text}' is not {_what}";
        if (problem is not null)
        {
            result.AddError($"{string.Join(", ", [Name, .. Aliases])}: {problem}");
        }

        return number;
    }
}
