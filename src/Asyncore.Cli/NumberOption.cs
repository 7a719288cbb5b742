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

    /// <param name="names">The option's name, and its short form where it has one.</param>
    /// <param name="least">The smallest number that will do.</param>
    /// <param name="most">The largest.</param>
    /// <param name="what">What it is, for the message where it will not do: <c>a port from 1 to 65535</c>.</param>
    public NumberOption(string[] names, int least, int most, string what)
        : base(names[0], names[1..])
    {
        (_least, _most, _what) = (least, most, what);
        CustomParser = Parse;
    }

    private int Parse(ArgumentResult result)
    {
        string text = result.Tokens.Count == 1 ? result.Tokens[0].Value : string.Empty;
        bool fits = int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int number)
            && number >= _least && number <= _most;
        if (!fits)
        {
            result.AddError($"{string.Join(", ", [Name, .. Aliases])}: '{text}' is not {_what}");
        }

        return number;
    }
}
