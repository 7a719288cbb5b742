using System.Diagnostics.Metrics;

namespace Asyncore.Forwarding;

/// <summary>
/// Counters for whoever collects them (<see cref="System.Diagnostics.Metrics"/>, OpenTelemetry, <c>dotnet-counters</c>):
/// read when asked for, so that nothing is done for a byte.
/// </summary>
internal sealed class ForwardMeter : IDisposable
{
    public const string Name = "Asyncore.Forwarding";

    private static readonly RefusalReason[] _reasons = Enum.GetValues<RefusalReason>();

    private readonly Meter _meter = new(Name);

    public ForwardMeter(ForwardService service)
    {
        _meter.CreateObservableCounter(
            "asyncore.forward.connections",
            () => service.Statistics.Select(each => Of(each.Accepted, each)),
            "{connection}", "Connections let in.");
        _meter.CreateObservableUpDownCounter(
            "asyncore.forward.active",
            () => service.Statistics.Select(each => Of(each.Active, each)),
            "{connection}", "Connections that have not ended.");
        _meter.CreateObservableCounter(
            "asyncore.forward.refused",
            () => service.Statistics.SelectMany(each => _reasons.Select(
                reason => Of(each.RefusedFor(reason), each, "reason", reason.ToString()))),
            "{connection}", "Connections sent away.");
        _meter.CreateObservableCounter(
            "asyncore.forward.bytes",
            () => service.Statistics.SelectMany(each => new[]
            {
                Of(each.BytesToTargets, each, "direction", "to_target"),
                Of(each.BytesToClients, each, "direction", "to_client"),
            }),
            "By", "Bytes received, by where they go.");
        _meter.CreateObservableGauge(
            "asyncore.forward.target.up",
            () => OfTargets(service, each => each.IsResting ? 0 : 1),
            description: "1 where the target gets connections, 0 where it rests.");
        _meter.CreateObservableCounter(
            "asyncore.forward.target.failures",
            () => OfTargets(service, each => each.Failures),
            "{connection}", "Connections that could not be made.");
        _meter.CreateObservableUpDownCounter(
            "asyncore.forward.target.active",
            () => OfTargets(service, each => each.Active),
            "{connection}", "Connections of a target that have not ended.");
    }

    public void Dispose() => _meter.Dispose();

    private static IEnumerable<Measurement<long>> OfTargets(ForwardService service, Func<TargetStatistics, long> value) =>
        service.Statistics.SelectMany(
            listener => listener.Targets.Select(each => Of(value(each), listener, "target", each.Address)));

    private static Measurement<long> Of(long value, ListenerStatistics listener) =>
        new(value, new KeyValuePair<string, object?>("listener", listener.Name));

    private static Measurement<long> Of(long value, ListenerStatistics listener, string tag, string tagValue) =>
        new(value, new KeyValuePair<string, object?>("listener", listener.Name), new(tag, tagValue));
}
