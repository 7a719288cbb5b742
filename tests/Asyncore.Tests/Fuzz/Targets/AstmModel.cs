using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Asyncore.Tests.Fuzz;

/// <summary>What a receiver has to say and to store, given all that is said to it: by patterns.</summary>
internal static partial class AstmModel
{
    /// <summary>A session's stream as Latin-1, cut into items and judged.</summary>
    /// <returns>The replies, and the messages.</returns>
    public static (string Replies, List<string> Messages) Run(string stream, int maxText, int maxMessage)
    {
        var replies = new StringBuilder();
        var messages = new List<string>();
        string message = string.Empty;
        int accepted = -1;
        bool isOpen = false;
        foreach (Match match in Item().Matches(stream))
        {
            string end = match.Groups["end"].Value;
            if (end != "\r\n")
            {
                // Anybody may say ENQ or EOT at any time; what lies before it is half a frame at most.
                isOpen = end == "\x05";
                message = string.Empty;
                accepted = -1;
                replies.Append(isOpen ? "\x06" : string.Empty);
            }
            else if (isOpen)
            {
                replies.Append(Judge(match.Value) ? '\x06' : '\x15');
            }
        }

        return (replies.ToString(), messages);

        bool Judge(string item)
        {
            Match frame = Frame().Match(item);
            string text = frame.Groups["text"].Value;
            int sum = frame.Groups["sum"].Value.Sum(each => each) % 256;
            if (!frame.Success || text.Length > maxText
                || frame.Groups["check"].Value != sum.ToString("X2", CultureInfo.InvariantCulture))
            {
                return false;
            }

            int number = frame.Groups["number"].Value[0] - '0';
            if (number == accepted)
            {
                return true;
            }

            if (number != (accepted < 0 ? 1 : (accepted + 1) % 8) || message.Length + text.Length > maxMessage)
            {
                return false;
            }

            accepted = number;
            message += text;
            if (frame.Groups["kind"].Value == "\x03")
            {
                messages.Add(message);
                message = string.Empty;
            }

            return true;
        }
    }

    [GeneratedRegex(@"\G[^\x04\x05]*?(?<end>\x04|\x05|\r\n)", RegexOptions.Singleline)]
    private static partial Regex Item();

    [GeneratedRegex(
        @"\A\x02(?<sum>(?<number>[0-7])(?<text>[^\x01-\x06\n\x10-\x17]*)(?<kind>[\x03\x17]))(?<check>..)\r\n\z",
        RegexOptions.Singleline)]
    private static partial Regex Frame();
}
