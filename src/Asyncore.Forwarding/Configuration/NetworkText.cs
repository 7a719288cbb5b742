using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Asyncore.Forwarding;

/// <summary>
/// Networks as people write them: <c>10.0.0.0/8</c>, <c>fd00::/8</c>, or one address (RFC 4632, RFC 4291).
/// </summary>
public static class NetworkText
{
    /// <summary>Reads a network.</summary>
    /// <param name="text">What to read.</param>
    /// <param name="network">The network; of one address, where no prefix is given.</param>
    /// <param name="problem">What is wrong with the text, in words that follow a name and a colon.</param>
    public static bool TryParse(string text, out IPNetwork network, [NotNullWhen(false)] out string? problem)
    {
        ArgumentNullException.ThrowIfNull(text);
        network = default;
        int slash = text.IndexOf('/');
        string host = slash < 0 ? text : text[..slash];
        if (host.Contains('%') || EndPointText.ParseAddress(host) is not { } address)
        {
            problem = $"{Shown.Quoted(text)} is not a network or address such as 10.0.0.0/8, fd00::/8 or 192.168.1.7";
            return false;
        }

        int most = address.AddressFamily == AddressFamily.InterNetwork ? 32 : 128;
        int prefix = most;
        if (slash >= 0 && !(TryPrefix(text[(slash + 1)..], out prefix) && prefix <= most))
        {
            problem = $"{Shown.Quoted(text)} does not end in a prefix from 0 to {most}";
            return false;
        }

        IPAddress first = FirstOf(address, prefix);
        if (!first.Equals(address))
        {
            problem = $"{Shown.Quoted(text)} has host bits set; '{first}/{prefix}' is probably meant";
            return false;
        }

        network = new IPNetwork(first, prefix);
        problem = null;
        return true;
    }

    private static bool TryPrefix(string text, out int prefix) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out prefix);

    private static IPAddress FirstOf(IPAddress address, int prefix)
    {
        byte[] bytes = address.GetAddressBytes();
        for (int i = 0; i < bytes.Length; i++)
        {
            int kept = Math.Clamp(prefix - (i * 8), 0, 8);
            bytes[i] &= (byte)(0xFF00 >> kept);
        }

        return new IPAddress(bytes);
    }
}
