using System.Net;

namespace Asyncore.Forwarding;

/// <summary>
/// The targets of a listener: which one is next, which ones rest because they failed, and where those with names are.
/// </summary>
internal sealed class TargetPool
{
    private readonly EventLoop _loop;
    private readonly Action<string> _log;
    private readonly Predicate<EndPoint> _isItself;
    private readonly List<TargetProbe> _probes = [];
    private ListenerOptions _options;
    private bool _stopped;

    /// <param name="loop">The loop.</param>
    /// <param name="options">The targets, and how they are chosen.</param>
    /// <param name="log">Told of targets that go and come.</param>
    /// <param name="isItself">Whether an address is the listener's own: a name may come to mean it at any time.</param>
    public TargetPool(EventLoop loop, ListenerOptions options, Action<string> log, Predicate<EndPoint> isItself)
    {
        _isItself = isItself;
        _loop = loop;
        _log = log;
        _options = options;
        Targets = [.. options.Targets.Select(each => new Target(each))];
        WatchNames();
    }

    /// <summary>In the order of the options. Another array after a reload; this one never changes.</summary>
    public Target[] Targets { get; private set; }

    /// <summary>Takes other options: targets that stay keep what is known of them.</summary>
    public void Apply(ListenerOptions options)
    {
        List<Target> old = [.. Targets];
        _options = options;
        var targets = new List<Target>();
        foreach (TargetOptions each in options.Targets)
        {
            Target? kept = old.Find(one => one.Options.Address.Equals(each.Address));
            if (kept is not null)
            {
                old.Remove(kept);
                kept.Options = each;
                kept.Name?.SetPeriod(options.ResolveEvery);
            }

            targets.Add(kept ?? new Target(each));
        }

        Targets = [.. targets];
        WatchNames();
        old.ForEach(Let);
    }

    public void Stop()
    {
        _stopped = true;
        Array.ForEach(Targets, Let);
        _probes.ToList().ForEach(probe => probe.Close());
        _probes.Clear();
    }

    /// <summary>
    /// The target for the next try of a connection. One that rests is better than none: it is taken when every healthy
    /// one has been tried.
    /// </summary>
    /// <param name="tried">Those that this connection has tried.</param>
    public Target? Next(IReadOnlyCollection<Target> tried)
    {
        if (Targets is [var only])
        {
            return tried.Contains(only) ? null : only; // resting or not: there is no other
        }

        List<Target> left = [.. Targets.Where(each => !tried.Contains(each))];
        List<Target> healthy = left.FindAll(each => !each.IsResting);
        return healthy.Count > 0 ? Choose(healthy) : left.Count > 0 ? left[0] : null;
    }

    /// <summary>A connection to it has been made.</summary>
    public void Succeeded(Target target)
    {
        target.Connects++;
        Wake(target);
    }

    /// <summary>It could not be reached: it rests for a while.</summary>
    public void Failed(Target target, string why)
    {
        target.Failures++;
        if (!target.IsResting)
        {
            Tell($"target {EndPointText.Format(target.Options.Address)} rests: {why}");
            target.IsResting = true;
        }

        if (target.RestTimer is null && !_stopped && Targets.Contains(target))
        {
            target.RestTimer = _loop.CallLater(_options.RestFor, () => Probe(target));
        }
    }

    private Target Choose(List<Target> targets) => _options.Balance switch
    {
        BalancePolicy.FirstAvailable => targets[0],
        BalancePolicy.LeastConnections => InTurn(LeastLoaded(targets)),
        _ => InTurn(targets),
    };

    // Those of equal load take turns: where connections are short the first would get them all.
    private static List<Target> LeastLoaded(List<Target> targets)
    {
        double least = targets.Min(Load);
        return targets.FindAll(each => Load(each) <= least);

        static double Load(Target target) => (double)(target.Active + 1) / target.Options.Weight;
    }

    // Smooth weighted round robin, as nginx has it: 5, 1, 1 gives a a b a c a a, not five of a in a row.
    private static Target InTurn(List<Target> targets)
    {
        Target best = targets[0];
        int all = 0;
        foreach (Target each in targets)
        {
            all += each.Options.Weight;
            each.Credit += each.Options.Weight;
            best = each.Credit > best.Credit ? each : best;
        }

        best.Credit -= all;
        return best;
    }

    // One that is alone gets every connection anyway, and each says how it fared.
    private void Tell(string what)
    {
        if (Targets.Length > 1)
        {
            _log(what);
        }
    }

    private void Wake(Target target)
    {
        target.RestTimer?.Cancel();
        target.RestTimer = null;
        if (target.IsResting)
        {
            target.IsResting = false;
            Tell($"target {EndPointText.Format(target.Options.Address)} is back");
        }
    }

    private void Probe(Target target)
    {
        target.RestTimer = null;
        if (target.Addresses.Count == 0)
        {
            target.Name!.WhenAnswered(() => ProbeAt(target));
        }
        else
        {
            ProbeAt(target);
        }
    }

    private void ProbeAt(Target target)
    {
        if (_stopped || !target.IsResting || !Targets.Contains(target))
        {
            return;
        }

        if (target.Addresses.Count == 0)
        {
            Failed(target, target.Name?.Problem?.Message ?? "no address");
            return;
        }

        // Another address each time, so that one that is dead does not hide those that live.
        EndPoint address = target.Addresses[(int)(target.Failures % target.Addresses.Count)];
        TargetProbe? probe = null;
        probe = new TargetProbe(_loop, address, target.Options.SendProxy, _options.ConnectTimeout, works =>
        {
            _probes.Remove(probe!);
            if (works)
            {
                Wake(target);
            }
            else
            {
                Failed(target, "does not answer");
            }
        });
        _probes.Add(probe);
    }

    private void WatchNames()
    {
        foreach (Target each in Targets)
        {
            if (each is { Name: null, Options.Address: DnsEndPoint name })
            {
                each.Name = new NameWatch(_loop, name, _options.ResolveEvery, found => Take(each, found));
            }
        }
    }

    private void Take(Target target, IReadOnlyList<EndPoint> found)
    {
        EndPoint[] others = [.. found.Where(each => !_isItself(each))];
        if (others.Length < found.Count)
        {
            _log($"target {EndPointText.Format(target.Options.Address)} is this listener itself, among others or alone");
        }

        target.Addresses = others;
    }

    private static void Let(Target target)
    {
        target.RestTimer?.Cancel();
        target.RestTimer = null;
        target.Name?.Stop();
    }
}
