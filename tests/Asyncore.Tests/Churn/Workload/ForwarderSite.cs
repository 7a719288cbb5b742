using System.Net;
using Asyncore.Forwarding;

namespace Asyncore.Tests.Churn;

/// <summary>
/// A forwarder with targets that echo, refuse and reset, whose options change all the time. The targets live with the
/// visitors, so that both threads have as much to do.
/// </summary>
internal sealed class ForwarderSite : ISite
{
    private const int AtATime = 96;

    private static readonly TimeSpan _reloadEvery = TimeSpan.FromMilliseconds(100);

    private static readonly (VisitKind, int)[] _shares =
    [
        (VisitKind.Orderly, 421),
        (VisitKind.HalfClose, 220),
        (VisitKind.Stream, 1),
        (VisitKind.Reset, 110),
        (VisitKind.Leave, 110),
        (VisitKind.Silent, 10),
        (VisitKind.TargetReset, 40),
        (VisitKind.NoTarget, 30),
        (VisitKind.Cut, 20),
        (VisitKind.Reload, 38),
    ];

    private readonly ForwarderPlan _plan = new();
    private readonly ForwardService _service;
    private readonly long[] _reasons = new long[Enum.GetValues<EndReason>().Length];
    private TimerHandle? _reload;
    private int _reloads;

    public ForwarderSite(LoopThread server, LoopThread clients)
    {
        clients.Call(() => OpenTargets(clients.Loop));
        _service = server.Call(() => new ForwardService(_plan.Calm, server.Loop));
        _service.ConnectionEnded += record => _reasons[(int)record.Reason]++;
        Crowd = new Crowd("forwarder", AtATime, _shares, visit => Enter(clients.Loop, visit));
    }

    public Crowd Crowd { get; }

    public IEnumerable<Count> Counts =>
    [
        new("connections of the forwarder", _service.Connections),
        new("connections of its listeners, as counted", _service.Statistics.Sum(each => each.Active)),
        new("connections of its targets, as counted", _service.Statistics.Sum(each => each.Targets.Sum(target => target.Active))),
    ];

    public IEnumerable<Count> Happened =>
    [
        new("forwarder: reloads", _reloads),
        .. Enum.GetValues<EndReason>().Where(reason => _reasons[(int)reason] > 0)
            .Select(reason => new Count($"forwarder says {reason}", _reasons[(int)reason])),
    ];

    public void Stir()
    {
        Turn();
        _reload = _service.Loop.CallEvery(_reloadEvery, Turn);
    }

    public void Calm()
    {
        _reload?.Cancel();
        _service.Apply(_plan.Calm);
    }

    public void Dispose() => _service.Dispose();

    private void Turn() => _service.Apply(_plan.Turn(_reloads++));

    private void OpenTargets(EventLoop loop)
    {
        foreach (IPEndPoint place in _plan.Targets.Append(_plan.NamedTarget))
        {
            _ = new EchoTarget(loop, place);
        }

        _ = new EchoTarget(loop, _plan.ResettingTarget, resetsAfter: 5000);
    }

    private void Enter(EventLoop loop, Visit visit) => _ = new ForwardVisitor(loop, DoorFor(visit), visit, Crowd.Random);

    private IPEndPoint DoorFor(Visit visit) => visit.Kind switch
    {
        VisitKind.Silent => _plan.Impatient,
        VisitKind.TargetReset => _plan.Resetting,
        VisitKind.NoTarget => _plan.Dead,
        VisitKind.Cut => _plan.Cutting,
        VisitKind.Reload => _plan.Sometimes,
        _ => _plan.Doors[(int)(visit.Number % _plan.Doors.Count)],
    };
}
