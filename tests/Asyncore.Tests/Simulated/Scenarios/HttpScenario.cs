using System.Net;
using Asyncore.Protocols;
using Asyncore.Testing;
using Asyncore.Tests.Support;

namespace Asyncore.Tests.Simulated;

/// <summary>
/// Requests by <see cref="AsyncHttp"/> to servers that answer well and badly, with redirects, and consumers that take
/// everything, throw, or have had enough. Each is told one end and nothing behind it; what it has got is the body, or what the
/// body begins with where it is told of an error.
/// </summary>
internal static class HttpScenario
{
    private static readonly string[] _hosts = ["www", "mirror"];

    public static int Run(SimulatedNetwork network, int requests)
    {
        var random = new Random(network.Seed);
        TimeSpan healed = TimeSpan.Zero;
        if (random.Next(2) == 0)
        {
            Scenario.Worsen(network);
            healed = Scenario.Cut(network, random, "client", _hosts[0], TimeSpan.FromMinutes(3));
        }

        EventLoop[] loops = [.. _hosts.Append("client").Select(host => network.CreateLoop(host, Scenario.Quiet))];
        PlainListener[] servers =
        [
            .. _hosts.Select((host, i) => new PlainListener(
                loops[i], HttpPageServer.Port, accepted => _ = new HttpPageServer(network, accepted, _hosts[1 - i]))),
        ];
        Fetch[] all = [.. Enumerable.Range(0, requests).Select(i => new Fetch(network, HttpPage.Any(random, i), random))];
        foreach (Fetch each in all)
        {
            string name = _hosts[random.Next(2)];
            string host = random.Next(3) == 0 ? network.Host(name).Address.ToString() : name;
            network.At(Scenario.Some(random, 100), () => each.Begin(loops[^1], host));
        }

        network.RunUntil(() => Array.TrueForAll(all, each => each.IsOver), Scenario.Patience * 2);
        bool isCalm = Scenario.IsCalm(network, healed);
        foreach (Fetch each in all)
        {
            each.CheckEnd(isCalm);
        }

        Array.ForEach(servers, each => each.Close());
        Scenario.CheckClean(network, loops); // whoever is told more meanwhile says so
        return requests;
    }

    /// <summary>A consumer of one page.</summary>
    private sealed class Fetch : IHttpConsumer
    {
        private readonly HttpPage _page;
        private readonly byte[] _body;
        private readonly int _throwsAt = int.MaxValue; // bytes of the body; at none, at the header
        private readonly int _leavesAt = int.MaxValue;
        private readonly List<byte> _got = [];
        private AsyncHttp? _request;
        private Exception? _thrown;
        private Exception? _error;
        private bool _isWhole;

        public Fetch(SimulatedNetwork network, HttpPage page, Random random)
        {
            _page = page;
            _body = Scenario.Bytes(network, page.Number, page.Length);
            int at = random.Next(page.Length + 1);
            switch (random.Next(6))
            {
                case 0:
                    _throwsAt = at;
                    break;
                case 1:
                    _leavesAt = at;
                    break;
            }
        }

        public bool IsOver { get; private set; }

        public void Begin(EventLoop loop, string host)
        {
            IHttpConsumer consumer = _page.Hops == 0 ? this : new RedirectingConsumer(this);
            _ = new AsyncHttp(new Uri($"http://{host}{_page.Path}"), consumer, loop);
        }

        public void HttpHeader(AsyncHttp request)
        {
            Scenario.Check(!IsOver && _request is null, $"{_page}: a header too many");
            Scenario.Check(request.Status == 200, $"{_page}: status {request.Status}");
            _request = request;
            HaveEnough();
        }

        public void Feed(ReadOnlySpan<byte> data)
        {
            Scenario.Check(!IsOver && _request is not null, "a piece of a body before the header or behind the end");
            Scenario.Check(!data.IsEmpty, "an empty piece of a body");
            _got.AddRange(data);
            HaveEnough();
        }

        public void Close() => End(isWhole: true, null);

        public void Failed(Exception error) => End(isWhole: false, error);

        /// <param name="isCalm">Nothing has happened to any connection but what the servers did.</param>
        public void CheckEnd(bool isCalm)
        {
            Scenario.Check(IsOver, $"{_page} has no end");
            Scenario.CheckStream(_body, _got.ToArray(), _isWhole, _page.ToString());
            bool canBeWhole = _page.IsWhole || _page is { Hops: >= 0, Ending: PageEnding.Reset, Framing: not PageFraming.UntilClose };
            Scenario.Check(!_isWhole || canBeWhole, $"{_page} was told as whole");
            Scenario.Check(_thrown is null || _error == _thrown, $"{_page}: {_error} was told, and not what the consumer threw");
            Scenario.Check(_error is null or HttpException || _error == _thrown, $"{_page}: {_error}");
            if (isCalm && _page.Hops < 0)
            {
                Scenario.Check(_error is HttpRedirectException { Error: HttpRedirectError.Loop }, $"{_page}: {_error}");
            }
            else if (isCalm && _page.IsWhole)
            {
                Scenario.Check(_error == _thrown, $"{_page}: {_error}");
            }
        }

        private void HaveEnough()
        {
            if (_got.Count >= _throwsAt)
            {
                _thrown = new FormatException("the consumer does not like it");
                throw _thrown;
            }

            if (_got.Count >= _leavesAt)
            {
                IsOver = true;
                _request!.Close();
            }
        }

        private void End(bool isWhole, Exception? error)
        {
            Scenario.Check(!IsOver, $"{_page} was told a second end: {error}");
            IsOver = true;
            _isWhole = isWhole;
            _error = error;
        }
    }
}
