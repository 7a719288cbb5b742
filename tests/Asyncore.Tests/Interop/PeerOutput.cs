using System.Text;
using System.Text.RegularExpressions;

namespace Asyncore.Tests.Interop;

/// <summary>What a program writes to one of its streams: as it comes, and whole. Safe on any thread.</summary>
internal sealed class PeerOutput
{
    private readonly Lock _gate = new();
    private readonly MemoryStream _bytes = new();
    private readonly List<(Regex Pattern, TaskCompletionSource<Match> Found)> _awaited = [];
    private bool _isWhole;

    public PeerOutput(Stream stream) => Whole = Collect(stream);

    /// <summary>All of it, once the stream has ended.</summary>
    public Task<byte[]> Whole { get; }

    /// <summary>The bytes that have come so far.</summary>
    public long Length
    {
        get
        {
            lock (_gate)
            {
                return _bytes.Length;
            }
        }
    }

    /// <summary>What has come so far (Latin-1).</summary>
    public string Text
    {
        get
        {
            lock (_gate)
            {
                return Encoding.Latin1.GetString(_bytes.GetBuffer(), 0, (int)_bytes.Length);
            }
        }
    }

    /// <summary>The first match, as soon as it has come; fails where the stream ends without one.</summary>
    public Task<Match> Find(string pattern)
    {
        var found = new TaskCompletionSource<Match>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            _awaited.Add((new Regex(pattern), found));
            Look();
        }

        return found.Task;
    }

    private async Task<byte[]> Collect(Stream stream)
    {
        byte[] buffer = new byte[64 * 1024];
        while (await stream.ReadAsync(buffer).ConfigureAwait(false) is > 0 and var count)
        {
            lock (_gate)
            {
                _bytes.Write(buffer, 0, count);
                Look();
            }
        }

        lock (_gate)
        {
            _isWhole = true;
            Look();
            return _bytes.ToArray();
        }
    }

    private void Look()
    {
        if (_awaited.Count == 0)
        {
            return;
        }

        string text = Text;
        _awaited.RemoveAll(each =>
        {
            if (each.Pattern.Match(text) is { Success: true } match)
            {
                return each.Found.TrySetResult(match);
            }

            return _isWhole
                && each.Found.TrySetException(new EndOfStreamException($"no '{each.Pattern}' in '{text}'"));
        });
    }
}
