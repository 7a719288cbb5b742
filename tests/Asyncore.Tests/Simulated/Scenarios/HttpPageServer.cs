using System.Globalization;
using System.Text;
using Asyncore.Testing;

namespace Asyncore.Tests.Simulated;

/// <summary>One connection of a server of <see cref="HttpPage"/>s: answers one request, well or badly, as the page says.</summary>
internal sealed class HttpPageServer : AsyncChat
{
    public const int Port = 80;

    private static readonly TimeSpan _pause = TimeSpan.FromSeconds(35); // less than a client is silent for, and twice is more
    private static readonly string[] _interim = ["HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"];

    private readonly SimulatedNetwork _network;
    private readonly string _otherHost;
    private readonly TimerHandle _patience;
    private bool _isAsked;

    /// <param name="network">Whose bytes the bodies are of.</param>
    /// <param name="accepted">The connection.</param>
    /// <param name="otherHost">A host with the same pages, for redirects.</param>
    public HttpPageServer(SimulatedNetwork network, AcceptedChannel accepted, string otherHost)
        : base(accepted)
    {
        _network = network;
        _otherHost = otherHost;
        _patience = Loop.CallLater(Scenario.Patience, Abort);
        SetTerminator("\r\n\r\n");
    }

    public override void Close()
    {
        _patience.Cancel();
        base.Close();
    }

    protected override void FoundTerminator()
    {
        string request = GetText();
        Scenario.Check(!_isAsked, $"a second request on a connection: {request}");
        _isAsked = true;
        string[] words = request.Split("\r\n")[0].Split(' ');
        Scenario.Check(words is ["GET", _, "HTTP/1.1"], $"not a request: {request}");
        Answer(HttpPage.Parse(words[1]));
    }

    private void Answer(HttpPage page)
    {
        var random = new Random(unchecked((_network.Seed * 31) + page.Number));
        if (page.Hops != 0)
        {
            Push(Redirect(page, random));
            CloseWhenDone();
            return;
        }

        byte[] response = Response(page, random);
        switch (page.Ending)
        {
            case PageEnding.Whole:
                Push(response.AsMemory());
                CloseWhenDone();
                break;
            case PageEnding.Slow:
                Say(response, pieces: 4);
                break;
            case PageEnding.Short:
                Push(response.AsMemory(0, random.Next(response.Length)));
                CloseWhenDone();
                break;
            case PageEnding.Reset:
                Push(response.AsMemory(0, random.Next(response.Length + 1)));
                Loop.CallLater(Scenario.Some(random, 60), Abort);
                break;
            case PageEnding.Silent:
                Push(response.AsMemory(0, random.Next(response.Length)));
                break;
        }
    }

    private void Say(ReadOnlyMemory<byte> response, int pieces)
    {
        int length = pieces == 1 ? response.Length : response.Length / pieces;
        Push(response[..length]);
        if (pieces == 1)
        {
            CloseWhenDone();
        }
        else
        {
            Loop.CallLater(_pause, () => Say(response[length..], pieces - 1));
        }
    }

    private string Redirect(HttpPage page, Random random)
    {
        HttpPage next = page.Hops < 0 ? page : page with { Hops = page.Hops - 1 };
        string host = random.Next(2) == 0 ? $"http://{_otherHost}" : string.Empty;
        const string Body = "elsewhere";
        return $"HTTP/1.1 {(random.Next(2) == 0 ? 302 : 308)} \r\nLocation: {host}{next.Path}\r\nContent-Length: {Body.Length}\r\n\r\n{Body}";
    }

    private byte[] Response(HttpPage page, Random random)
    {
        byte[] body = Scenario.Bytes(_network, page.Number, page.Length);
        string interim = random.Next(4) == 0 ? _interim[random.Next(_interim.Length)] : string.Empty;
        string framing = page.Framing switch
        {
            PageFraming.Sized => string.Create(CultureInfo.InvariantCulture, $"Content-Length: {body.Length}\r\n"),
            PageFraming.Chunked => "Transfer-Encoding: chunked\r\n",
            _ => string.Empty,
        };
        byte[] header = Encoding.Latin1.GetBytes($"{interim}HTTP/1.1 200 OK\r\n{framing}\r\n");
        return [.. header, .. page.Framing == PageFraming.Chunked ? Chunked(body, random) : body];
    }

    private static byte[] Chunked(ReadOnlySpan<byte> body, Random random)
    {
        var all = new List<byte>();
        while (!body.IsEmpty)
        {
            int length = Math.Min(random.Next(1, 5000), body.Length);
            string extension = random.Next(8) == 0 ? ";name=value" : string.Empty;
            all.AddRange(Encoding.Latin1.GetBytes($"{length:x}{extension}\r\n"));
            all.AddRange(body[..length]);
            all.AddRange("\r\n"u8);
            body = body[length..];
        }

        all.AddRange(random.Next(4) == 0 ? "0\r\nExpires: never\r\n\r\n"u8 : "0\r\n\r\n"u8);
        return [.. all];
    }
}
