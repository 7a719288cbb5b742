using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;

namespace Asyncore.Bench.Document;

/// <summary>
/// A results file as the document needs it. Read from what a run wrote, and written by itself, it is small: medians and
/// pairs, without the runs they came from.
/// </summary>
internal sealed partial record Stored
{
    public DateTimeOffset Started { get; init; }

    public bool Full { get; init; }

    public int Rounds { get; init; }

    public double Tolerance { get; init; }

    public double WindowSeconds { get; init; }

    public required Machine Machine { get; init; }

    public required IReadOnlyList<StoredWorkload> Workloads { get; init; }

    private static readonly JsonSerializerOptions _compact = new(ResultsFile.Format)
    {
        WriteIndented = false,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Converters = { new Rounded() },
    };

    /// <exception cref="BenchException">It is no results file.</exception>
    public static Stored Read(string path)
    {
        try
        {
            return JsonSerializer.Deserialize<Stored>(File.ReadAllText(path), ResultsFile.Format)!;
        }
        catch (Exception error) when (error is JsonException or IOException or UnauthorizedAccessException)
        {
            throw new BenchException($"{path} is no results file: {error.Message}");
        }
    }

    /// <summary>Writes it, a line for each server, so that two of them can be compared.</summary>
    public void Write(string path) =>
        File.WriteAllText(path, BeforeName().Replace(JsonSerializer.Serialize(this, _compact), "\n") + "\n");

    [GeneratedRegex("(?=\\{\"name\")")]
    private static partial Regex BeforeName();

    // Six digits are more than any of them is worth.
    private sealed class Rounded : JsonConverter<double>
    {
        public override double Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options) =>
            reader.GetDouble();

        public override void Write(Utf8JsonWriter writer, double value, JsonSerializerOptions options) =>
            writer.WriteRawValue(value.ToString("G6", System.Globalization.CultureInfo.InvariantCulture));
    }
}

/// <summary>One workload of a results file.</summary>
internal sealed record StoredWorkload
{
    public required string Name { get; init; }

    public required string Title { get; init; }

    public string Unit { get; init; } = "message";

    public required StoredServer Reference { get; init; }

    public required IReadOnlyList<StoredServer> Candidates { get; init; }

    /// <summary>Those that were measured, the reference first.</summary>
    [JsonIgnore]
    public IEnumerable<StoredServer> Measured =>
        Candidates.Prepend(Reference).Where(one => one.Summary is not null && one.Failure is null);
}

/// <summary>One server of a workload.</summary>
internal sealed record StoredServer
{
    public required string Name { get; init; }

    public required string Title { get; init; }

    public string? Failure { get; init; }

    public Summary? Summary { get; init; }

    /// <summary>Bytes, one value for each of its starts.</summary>
    public IReadOnlyList<double>? AllocatedPerMessage { get; init; }

    /// <summary>None where it is the reference.</summary>
    public IReadOnlyList<StoredPair>? Pairs { get; init; }
}

/// <summary>One ratio to the runs of the reference before and after.</summary>
internal sealed record StoredPair(double CpuRatio, double RateRatio, bool Disturbed);
