using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;

namespace Asyncore.Forwarding;

/// <summary>A connection that has ended: one line of the log.</summary>
public sealed record ConnectionRecord
{
    /// <summary>Which of the listener's connections it was, from 1.</summary>
    public required long Number { get; init; }

    /// <summary>The listener's name.</summary>
    public required string Listener { get; init; }

    /// <summary>Where it came from, as its PROXY header says where there was one; null for most Unix clients.</summary>
    public EndPoint? Client { get; init; }

    /// <summary>Where it went to, or was to go when the client left; null where no target could be reached.</summary>
    public EndPoint? Target { get; init; }

    /// <summary>Bytes that were passed on to the target. A fault may have kept back what the client sent.</summary>
    public long BytesToTarget { get; init; }

    /// <summary>Bytes that were passed on to the client.</summary>
    public long BytesToClient { get; init; }

    /// <summary>When it ended.</summary>
    public DateTimeOffset Ended { get; init; }

    /// <summary>How long it lasted.</summary>
    public TimeSpan Duration { get; init; }

    /// <summary>Why it ended.</summary>
    public EndReason Reason { get; init; }

    /// <summary>What more is to be said about that; null where nothing is.</summary>
    public string? Detail { get; init; }

    /// <summary>One line for people.</summary>
    public string ToText() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Ended.UtcDateTime:yyyy-MM-ddTHH:mm:ss.fffZ} {Listener} #{Number} {Text(Client)} > {Text(Target)} "
        + $"{BytesToTarget} B up {BytesToClient} B down {Duration.TotalSeconds:0.000} s {Words}{Behind}");

    /// <summary>One line for programs: a JSON object.</summary>
    public string ToJson()
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            json.WriteString("time", Ended.UtcDateTime);
            json.WriteString("listener", Listener);
            json.WriteNumber("connection", Number);
            json.WriteString("client", Client is null ? null : Text(Client));
            json.WriteString("target", Target is null ? null : Text(Target));
            json.WriteNumber("bytesToTarget", BytesToTarget);
            json.WriteNumber("bytesToClient", BytesToClient);
            json.WriteNumber("seconds", Math.Round(Duration.TotalSeconds, 6));
            json.WriteString("reason", JsonNamingPolicy.CamelCase.ConvertName(Reason.ToString()));
            if (Detail is not null)
            {
                json.WriteString("detail", Detail);
            }

            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.GetBuffer(), 0, (int)stream.Length);
    }

    /// <summary>
    /// Has the runtime load what writing needs, while there are descriptors for it: what it cannot load then, it never will.
    /// </summary>
    internal static void Prepare()
    {
        var record = new ConnectionRecord { Number = 0, Listener = string.Empty, Detail = string.Empty };
        _ = record.ToText();
        _ = record.ToJson();
    }

    private string Behind => Detail is null ? string.Empty : $" ({Detail})";

    private string Words => Reason switch
    {
        EndReason.ClientClosed => "closed by client",
        EndReason.TargetClosed => "closed by target",
        EndReason.ClientReset => "reset by client",
        EndReason.TargetReset => "reset by target",
        EndReason.IdleTimeout => "idle for too long",
        EndReason.Lifetime => "lifetime over",
        EndReason.NoTarget => "no target",
        EndReason.Refused => "refused",
        EndReason.FaultCut => "cut on purpose",
        EndReason.FaultReset => "reset on purpose",
        _ => "stopped",
    };

    private static string Text(EndPoint? endPoint) => endPoint is null ? "-" : Plain(EndPointText.Format(endPoint));

    // A path that a PROXY header names may have any characters; it is to be no line of its own.
    private static string Plain(string text) => string.Concat(text.Select(each => char.IsControl(each) ? '?' : each));
}

/// <summary>Why a connection ended.</summary>
public enum EndReason
{
    /// <summary>The client ended its stream first.</summary>
    ClientClosed,

    /// <summary>The target did.</summary>
    TargetClosed,

    /// <summary>The client's side broke off.</summary>
    ClientReset,

    /// <summary>The target's did.</summary>
    TargetReset,

    /// <summary><see cref="ListenerOptions.IdleTimeout"/></summary>
    IdleTimeout,

    /// <summary><see cref="ListenerOptions.Lifetime"/></summary>
    Lifetime,

    /// <summary>No target could be reached.</summary>
    NoTarget,

    /// <summary>The PROXY header was wrong, or names a client that may not connect.</summary>
    Refused,

    /// <summary><see cref="FaultOptions.CutAfter"/></summary>
    FaultCut,

    /// <summary><see cref="FaultOptions.ResetAfter"/></summary>
    FaultReset,

    /// <summary>The service stopped before it had ended.</summary>
    Stopped,
}
