namespace Asyncore.Protocols;

/// <summary>The URIs that one request has led through: finds loops, and trails that are too long.</summary>
internal sealed class HttpRedirectTrail
{
    private readonly int _limit;

    // Uri compares without fragment and user name, with the host in any case: as a server
    // would be asked.
    private readonly HashSet<Uri> _visited = [];
    private Uri _last;

    /// <summary>Begins a trail.</summary>
    /// <param name="start">The URI that is asked first.</param>
    /// <param name="limit">The most redirects to follow; 0 follows none.</param>
    public HttpRedirectTrail(Uri start, int limit)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(limit);
        _limit = limit;
        _last = start;
        _visited.Add(start);
    }

    /// <summary>The redirects followed so far.</summary>
    public int Followed => _visited.Count - 1;

    /// <summary>Goes one step further.</summary>
    /// <exception cref="HttpRedirectException">The target was visited before, or the limit is reached.</exception>
    public void Follow(Uri to)
    {
        if (_visited.Contains(to))
        {
            throw HttpRedirect.Fail(
                _last,
                $"to {HttpUri.Display(to)}, which was visited before: a loop",
                HttpRedirectError.Loop);
        }

        if (Followed >= _limit)
        {
            throw HttpRedirect.Fail(
                _last,
                $"to {HttpUri.Display(to)}, after {Followed} redirects, which is the limit",
                HttpRedirectError.Limit);
        }

        _visited.Add(to);
        _last = to;
    }
}
