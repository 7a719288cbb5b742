using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace Asyncore.Cli;

/// <summary>An option that is a whole number within bounds.</summary>
internal sealed class NumberOption : Option<int>
{
    /// <param name="names">The option's name, and its short form where it has one.</param>
    /// <param name="least">The smallest number that will do.</param>
    /// <param name="most">The largest.</param>
    /// <param name="what">What it is, for the message where it will not do: <c>a port from 1 to 65535</c>.</param>
    public NumberOption(string[] names, int least, int most, string what)
        : base(names[0], names[1..])
    {
        CustomParser = result => result.Tokens is [var token] ? this.Read<int>(result, token, Read) : 0;

        string? Read(string text, out int number) =>
            int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number)
            && number >= least && number <= most
                ? null
                : $"'{text}' is not {what}";
    }
}
